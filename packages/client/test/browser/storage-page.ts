/** Runs in a page: the storage contract over IndexedDB, and hands for what only two tabs or a look into them can show. */
import { openIndexedDbStorage } from "../../src/storage/indexeddb.ts";
import { storageContract } from "../storage-contract.ts";
import { collected } from "./node-test.ts";

let last = "";

storageContract({
  name: "IndexedDB",
  open: (options) => openIndexedDbStorage({ name: (last = `test-${crypto.randomUUID()}`), ...options }),
  reopen: (options) => openIndexedDbStorage({ name: last, ...options }),
});

const hands = {
  titles: () => [...collected.keys()],
  run: (title: string) => collected.get(title)?.(),
  open: openIndexedDbStorage,
};
export type StorageHands = typeof hands;

Object.assign(globalThis, { hands });
