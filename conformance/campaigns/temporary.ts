/** Folders of a run, gone with it, whatever ends it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kept = new Set<string>();

process.once("exit", () => {
  for (const folder of kept) rmSync(folder, { recursive: true, force: true });
});

/** Absolute path of a new folder for this purpose. */
export function temporaryFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `countersign-${purpose}-`));
  kept.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  kept.delete(folder);
}
