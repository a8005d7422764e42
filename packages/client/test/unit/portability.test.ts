/** The SDK runs where there is no Node: what its entry point reaches imports nothing of Node and nothing of a server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const source = join(import.meta.dirname, "../../src");

/** Files reached from `entry`, and the packages they name. */
function reach(entry: string): { readonly files: Set<string>; readonly packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/^(?:import|export)[^;]*?from "([^"]+)";/gms)) {
      if (name.startsWith(".")) visit(join(dirname(file), name));
      else packages.add(name);
    }
  };
  visit(entry);
  return { files, packages };
}

test("the mobile-token entry point reaches no file storage, no node: module, and of other packages only protocol", () => {
  const { files, packages } = reach(join(source, "mobile-token/index.ts"));
  assert.ok(files.size > 30);
  assert.ok(![...files].some((file) => file.endsWith("storage/file.ts")));
  const foreign = [...packages].filter((name) => name !== "#crypto" && !name.startsWith("@countersign/protocol/"));
  assert.deepEqual(foreign, []);
  const cryptography = [...packages].filter((name) => /crypto-|noble|node/.test(name));
  assert.deepEqual(cryptography, [], "the provider comes through #crypto alone");
});

test("the package's import condition gives OpenSSL to Node and portable code to everybody else", () => {
  const { imports } = JSON.parse(readFileSync(join(source, "../package.json"), "utf8")) as {
    imports: Record<string, Record<string, Record<string, string>>>;
  };
  const crypto = imports["#crypto"]!;
  assert.deepEqual(Object.keys(crypto), ["node", "default"]);
  assert.match(readFileSync(join(source, "..", crypto.default!["@countersign/source"]!), "utf8"), /crypto-noble/);
  assert.match(readFileSync(join(source, "..", crypto.node!["@countersign/source"]!), "utf8"), /crypto-node/);
});
