/** The other process of `file-storage.test.ts`: holds a lock, writes without end, or counts under a lock. */
import { openFileStorage } from "../../src/storage/file.ts";

const [directory, job] = process.argv.slice(2);
const storage = await openFileStorage({ directory: directory! });
const report = (value: unknown) => new Promise((resolve) => process.send!(value, resolve));

if (job === "hold") {
  await storage.withLock("held", async () => {
    await report("holding");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
} else if (job === "write") {
  await report(-1);
  for (let round = 0; ; round++) {
    await storage.set("big", new Uint8Array(300_000).fill(round % 256));
    await report(round % 256);
  }
} else {
  await report("ready");
  await new Promise((resolve) => process.once("message", resolve));
  for (let round = 0; round < 50; round++) {
    await storage.withLock("count", async () => {
      const bytes = (await storage.get("count")) ?? new Uint8Array(4);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, view.getUint32(0) + 1);
      await storage.set("count", bytes);
    });
  }
  process.disconnect();
}
