import assert from "node:assert/strict";
import { test } from "node:test";
import { runInThisContext } from "node:vm";
import { build, type Plugin, type Rolldown } from "vite";
import { findUnusedMembers, leaveOut, unusedMembers } from "../unused-members.ts";

test("a member is unused when its name is asked for nowhere: by a dot, a pattern, or any text", () => {
  const code = `
    class A { constructor() {} byDot() {} byPattern() {} byText() {} byTemplate() {} get idle() {} static idle2() {}
      #idle3() {} #own() {} run() { this.#own(); } toString() {} ["computed"]() {} }
    const { byPattern: other } = new A();
    A.byDot(), other, "byText", \`byTemplate\`, new A().run();
    const written = { idle: 1 };`;
  assert.deepEqual([...unusedMembers([code])].toSorted(), ["#idle3", "idle", "idle2"]);
  assert.deepEqual([...unusedMembers([code, "x.idle2"])].toSorted(), ["#idle3", "idle"]);
});

/** Of one module among our sources, which stands nowhere else. */
async function bundled(code: string, plugin: Plugin): Promise<Rolldown.RolldownOutput> {
  const entry = "/packages/client/src/entry.js";
  const source: Plugin = {
    name: "source",
    resolveId: (id) => (id === entry ? id : undefined),
    load: (id) => (id === entry ? code : undefined),
  };
  const lib = { entry, formats: ["es" as const], fileName: "bundle" };
  const built = await build({
    configFile: false,
    logLevel: "error",
    plugins: [source, plugin],
    build: { write: false, minify: false, lib },
  });
  return ([built].flat() as Rolldown.RolldownOutput[])[0]!;
}

test("unused members go, with those that only they asked for, and what those call; the rest runs as before", async () => {
  const code = `
    function far() { return "far away"; }
    class A {
      used() { return this.#half; }
      get #half() { return 21; }
      idle() { return this.onlyByIdle(); }
      onlyByIdle() { return far(); }
      static also() {}
    }
    globalThis.answer = () => 2 * new A().used();`;
  const unused = await findUnusedMembers((plugin) => bundled(code, plugin));
  assert.deepEqual([...unused].toSorted(), ["also", "idle", "onlyByIdle"]);
  const { output } = await bundled(code, leaveOut(unused));
  assert.doesNotMatch(output[0].code, /idle|also|far away/i);
  assert.match(output[0].code, /used\(\)/);
  runInThisContext(output[0].code.replace(/^export .*$/m, ""));
  assert.equal((globalThis as unknown as { answer: () => number }).answer(), 42);
});
