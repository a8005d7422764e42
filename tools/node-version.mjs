/** Runs before every script, under whatever Node npm found: says in one line when that is too old to run the sources. */
const needed = [24, 15];
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `Countersign needs Node ${needed.join(".")} or later and this is ${process.version}. ` +
      "`npm ci` brings it along, unless optional dependencies are left out (--omit=optional) or unknown for this platform.",
  );
  process.exitCode = 1;
}
