/** `node:test` in a page, as far as the storage contract uses it: collects tests, for the other side to run by title. */
type Run = () => Promise<void> | void;

export const collected = new Map<string, Run>();

export function describe(_title: string, run: () => void): void {
  run();
}

export function test(title: string, run: Run): void {
  collected.set(title, run);
}
