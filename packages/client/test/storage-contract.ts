/**
 * What every storage implementation promises, as one suite. `open` gives an empty storage; `reopen`, where there is one,
 * opens what an earlier `open` left.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StorageError, type DeviceStorage } from "../src/storage/port.ts";

export interface StorageUnderTest {
  readonly name: string;
  open(options?: { lockTimeout?: number }): Promise<DeviceStorage>;
  reopen?(options?: { lockTimeout?: number }): Promise<DeviceStorage>;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function storageContract({ name, open, reopen }: StorageUnderTest): void {
  describe(`device storage contract: ${name}`, () => {
    test("a record that was never set is undefined, and removing it is no error", async () => {
      const storage = await open();
      assert.equal(await storage.get("a"), undefined);
      await storage.remove("a");
    });

    test("a record comes back byte for byte, whatever its length and name", async () => {
      const storage = await open();
      const names = ["a", "A", "a/b", "../../etc", "ä 😀", "x".repeat(1000), "nul\0byte"];
      for (const [index, key] of names.entries()) {
        await storage.set(key, new Uint8Array(index * 1000).fill(index));
      }
      for (const [index, key] of names.entries()) {
        assert.deepEqual(await storage.get(key), new Uint8Array(index * 1000).fill(index));
      }
    });

    test("set replaces the record whole, remove removes that record only", async () => {
      const storage = await open();
      await storage.set("a", text("a longer first value"));
      await storage.set("a", text("second"));
      await storage.set("b", text("other"));
      assert.deepEqual(await storage.get("a"), text("second"));
      await storage.remove("a");
      assert.equal(await storage.get("a"), undefined);
      assert.deepEqual(await storage.get("b"), text("other"));
    });

    test("the storage keeps no reference to bytes of its caller and hands none of its own out", async () => {
      const storage = await open();
      const value = text("abc");
      await storage.set("a", value);
      value.fill(0);
      const first = await storage.get("a");
      first!.fill(0);
      assert.deepEqual(await storage.get("a"), text("abc"));
    });

    test("holders of one lock run one at a time and in order; a value they read and write is never lost", async () => {
      const storage = await open();
      const order: number[] = [];
      const increment = (index: number) =>
        storage.withLock("counter", async () => {
          const value = (await storage.get("n"))?.[0] ?? 0;
          await new Promise((resolve) => setTimeout(resolve, index % 3));
          order.push(index);
          await storage.set("n", Uint8Array.of(value + 1));
        });
      await Promise.all(Array.from({ length: 20 }, (_, index) => increment(index)));
      assert.deepEqual(await storage.get("n"), Uint8Array.of(20));
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
    });

    test("locks of two names do not wait for each other and may be nested", async () => {
      const storage = await open({ lockTimeout: 200 });
      assert.equal(await storage.withLock("a", () => storage.withLock("b", async () => "both")), "both");
    });

    test("a lock gives back what its holder returns, and is free again after its holder threw", async () => {
      const storage = await open({ lockTimeout: 200 });
      await assert.rejects(
        storage.withLock("a", () => Promise.reject(new RangeError("mine"))),
        RangeError,
      );
      assert.equal(await storage.withLock("a", async () => 7), 7);
    });

    test("waiting for a lock ends with STORAGE_LOCKED, and who gave up does not run later", async () => {
      const storage = await open({ lockTimeout: 30 });
      let ran = false;
      await storage.withLock("a", async () => {
        await assert.rejects(
          storage.withLock("a", async () => {
            ran = true;
          }),
          (error: unknown) => error instanceof StorageError && error.code === "STORAGE_LOCKED",
        );
      });
      assert.equal(await storage.withLock("a", async () => "free"), "free");
      assert.equal(ran, false);
    });

    if (reopen !== undefined) {
      test("what was set and removed is found so by a storage opened later", async () => {
        const storage = await open();
        await storage.set("kept", text("value"));
        await storage.set("gone", text("value"));
        await storage.remove("gone");
        const later = await reopen();
        assert.deepEqual(await later.get("kept"), text("value"));
        assert.equal(await later.get("gone"), undefined);
      });

      test("two storages opened on the same place exclude each other", async () => {
        const [first, second] = [await open(), await reopen({ lockTimeout: 30 })];
        await first.withLock("a", async () => {
          await assert.rejects(
            second.withLock("a", async () => undefined),
            (error: unknown) => error instanceof StorageError && error.code === "STORAGE_LOCKED",
          );
        });
        assert.equal(await second.withLock("a", async () => "free"), "free");
      });
    }
  });
}
