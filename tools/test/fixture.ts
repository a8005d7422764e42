/** A small source tree in a temporary folder, for the tests of the checks. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/** Returns the folder, which is removed when the test ends. Files are given by path; arrays are lines. */
export function tree(t: TestContext, files: Readonly<Record<string, string | readonly string[] | object>>): string {
  const root = mkdtempSync(join(tmpdir(), "countersign-tools-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries({ "package.json": { name: "workspace" }, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const lines = Array.isArray(content) ? `${content.join("\n")}\n` : content;
    writeFileSync(join(root, path), typeof lines === "string" ? lines : JSON.stringify(lines));
  }
  return root;
}
