/** The PIN prompt on a real pseudo-terminal, made by `script` of util-linux: what is typed must not come back. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Served, serveForTest } from "../served.ts";
import { runCountersign } from "../transcript.ts";

const main = join(import.meta.dirname, "../../src/main.ts");
const hasScript = (spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "").includes("util-linux");
const skip = hasScript ? false : "there is no `script` of util-linux to make a terminal with";

interface Typed {
  /** Everything the terminal showed, with its control sequences. */
  readonly shown: string;
  readonly exit: number | null;
}

/** Runs `countersign` on a terminal and types each answer once its question is shown. */
async function onTerminal(
  args: readonly string[],
  env: Record<string, string>,
  answers: readonly [string, string][],
): Promise<Typed> {
  const command = [process.execPath, "--conditions=@countersign/source", main, ...args]
    .map((word) => `'${word}'`)
    .join(" ");
  // A pseudo-terminal starts without a size, and prompts would wrap every character.
  const sized = `stty cols 100 rows 40; exec ${command}`;
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", sized, "/dev/null"], {
    env: { PATH: process.env.PATH ?? "", TERM: "xterm", ...env },
    stdio: "pipe",
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let shown = "";
  let seen = 0;
  const waiting = [...answers];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    const [question, answer] = waiting[0] ?? [];
    if (question === undefined || answer === undefined) return;
    const at = shown.indexOf(question, seen);
    if (at < 0) return;
    seen = at + question.length;
    waiting.shift();
    // Character by character, as a person types: an echo would come back for each.
    for (const [index, character] of [...answer].entries())
      setTimeout(() => child.stdin.write(character), 50 + index * 20);
  });
  const exit = await ended;
  return { shown, exit };
}

/** Without colours and cursor movements. */
function plain(shown: string): string {
  // oxlint-disable-next-line no-control-regex
  return shown.replace(/\u001b\[[\d;?]*[A-Za-z]/g, "").replaceAll("\r", "");
}

describe("a PIN typed on a terminal", { skip }, () => {
  const home = mkdtempSync(join(tmpdir(), "countersign-pin-"));
  const env = { HOME: home, COUNTERSIGN_PROFILE: join(home, "profile") };
  let server: Served;
  let activate: string[];

  async function bank(...args: string[]): Promise<Record<string, unknown>> {
    const ended = await runCountersign([...args, "--json"], {
      cwd: home,
      env: { COUNTERSIGN_BOOTSTRAP: server.bootstrap },
    });
    assert.equal(ended.exit, 0, ended.stderr);
    return JSON.parse(ended.stdout) as Record<string, unknown>;
  }

  before(async () => {
    server = await serveForTest(join(home, "data"));
    const { versions } = (await bank("application", "create", "shop")) as { versions: { mobileSdkConfig: string }[] };
    const { activationCode } = await bank("activation", "init", "--application", "shop", "--user", "anna");
    const config = versions[0]?.mobileSdkConfig ?? "";
    activate = ["device", "activate", "--url", server.publicUrl, "--config", config, "--code", String(activationCode)];
  });

  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  test("is asked for twice when it is chosen, and two that differ do nothing", async () => {
    const { shown, exit } = await onTerminal(activate, env, [
      ["Choose a PIN", "73915\r"],
      ["The same PIN again", "73916\r"],
    ]);
    assert.equal(exit, 1, shown);
    assert.match(plain(shown), /countersign: The two PINs differ\. Nothing was done\./);
    assert.ok(!plain(shown).includes("7391"), shown);
  });

  test("is not shown, and neither is its length", async () => {
    const { shown, exit } = await onTerminal(activate, env, [
      ["Choose a PIN", "73915\r"],
      ["The same PIN again", "73915\r"],
    ]);
    assert.equal(exit, 0, shown);
    const text = plain(shown);
    assert.match(text, /fingerprint {2}\d{8}/);
    assert.ok(!/7\S?3\S?9\S?1\S?5/.test(text), shown);
    // Neither masks nor digits: between the questions nothing but the prompt's own frame.
    const between = text.slice(
      text.indexOf("Choose a PIN") + "Choose a PIN".length,
      text.indexOf("The same PIN again"),
    );
    assert.doesNotMatch(between, /[*•▪\d]/, shown);
  });

  test("can be abandoned with Ctrl-C: exit code 130, and nothing was done", async () => {
    const other = { ...env, COUNTERSIGN_PROFILE: join(home, "other") };
    const { shown, exit } = await onTerminal(activate, other, [["Choose a PIN", "73\u0003"]]);
    assert.equal(exit, 130, shown);
    assert.match(plain(shown), /countersign: Stopped\. Nothing was done\./);
  });

  test("is not asked for where there is no terminal", async () => {
    const other = { ...env, COUNTERSIGN_PROFILE: join(home, "other") };
    const { stdout, stderr, exit } = await runCountersign(activate, { cwd: home, env: other });
    assert.deepEqual([stdout, exit], ["", 2]);
    assert.match(stderr, /There is no terminal to ask for the PIN\.\n {2}hint: give --pin-file FILE or --pin-stdin\n$/);
  });
});
