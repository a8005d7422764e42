/** Plays `test/transcripts/*.txt`, one session after the other, against one really started server. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Served, serveForTest } from "../served.ts";
import { playTranscript, readTranscript, runCountersign } from "../transcript.ts";

const folder = join(import.meta.dirname, "../transcripts");
const home = mkdtempSync(join(tmpdir(), "countersign-cli-"));
const kept = new Map<string, string>([
  ["blank", ""],
  ["rtl", "1\u202e2"],
]);
let server: Served;

before(async () => {
  server = await serveForTest(join(home, "data"));
  kept.set("public", server.publicUrl);
  const jwks = await (await fetch(`${server.publicUrl}/.well-known/countersign/jwks.json`)).text();
  writeFileSync(join(home, "jwks.json"), jwks);
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  writeFileSync(join(home, "other-jwks.json"), JSON.stringify({ keys: [{ ...other, kid: "other" }] }));
});

after(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

describe("a session with countersign prints exactly", () => {
  for (const file of readdirSync(folder).toSorted()) {
    const steps = readTranscript(readFileSync(join(folder, file), "utf8"));
    test(`${file.replace(".txt", "")}: ${steps.length} commands`, () => {
      const env = { COUNTERSIGN_BOOTSTRAP: server.bootstrap, COUNTERSIGN_PROFILE: join(home, "profile") };
      return playTranscript(steps, kept, (args, input) => runCountersign(args, { cwd: home, env, input }));
    });
  }
});

describe("--json", () => {
  test("is one document on one line for every command that reads, and nothing else on standard output", async () => {
    const env = { COUNTERSIGN_BOOTSTRAP: server.bootstrap };
    for (const command of [
      "application list",
      "template list",
      "activation list --user anna",
      "operation list --user anna",
      "webhook list",
      "client list",
      "authorization-type list",
    ]) {
      const { stdout, stderr, exit } = await runCountersign([...command.split(" "), "--json"], { cwd: home, env });
      assert.equal(exit, 0, stderr);
      assert.equal(stderr, "");
      assert.match(stdout, /^[^\n]+\n$/);
      assert.equal(typeof JSON.parse(stdout), "object");
    }
  });
});
