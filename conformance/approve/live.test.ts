/** News for a container through the device SDK, from a running server. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SDKConstants } from "@countersign/client/approve";
import { stores } from "../world.ts";
import { cut, deviceOf, enrolled, worldOn } from "./approve-world.ts";

/** What one call after the other says, each awaited. */
function news() {
  let wake = () => {};
  const heard = {
    told: 0,
    onNews: () => (heard.told++, wake()),
    async after(count: number) {
      while (heard.told <= count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
  return heard;
}

for (const store of await stores()) {
  describe(`news for a container on ${store.name}`, () => {
    const world = worldOn(store);

    it("a transaction that was just created is told, and can be listed, within a second (APV-LIVE-1)", async () => {
      const user = world.userOf();
      const container = await enrolled(world, await deviceOf(), user);
      const heard = news();
      const stop = container.followNews(heard.onNews);
      await heard.after(0);
      assert.deepEqual(await container.retrieveTransactionIds(), []);
      const before = heard.told;
      await world.operation(user);
      const started = performance.now();
      await heard.after(before);
      assert.equal((await container.retrieveTransactionIds()).length, 1);
      assert.ok(performance.now() - started < 1000);
      stop();
    });

    it("a stream goes on after it was cut, with another proof, and each time the list is to be read (APV-LIVE-2)", async () => {
      const network = cut();
      const proofs: string[] = [];
      const gone = new Set<() => void>();
      const fetching = async (url: string, init: RequestInit) => {
        if (!url.endsWith("/live")) return network.fetch(url, init);
        proofs.push((init.headers as Record<string, string>).DPoP ?? "");
        const controller = new AbortController();
        gone.add(() => controller.abort());
        return network.fetch(url, {
          ...init,
          signal: AbortSignal.any([controller.signal, init.signal as AbortSignal]),
        });
      };
      const container = await enrolled(world, await deviceOf({}, fetching), world.userOf());
      const heard = news();
      const stop = container.followNews(heard.onNews);
      await heard.after(0);
      const streams = proofs.length;
      for (const end of gone) end();
      await heard.after(1);
      while (proofs.length === streams) await heard.after(heard.told);
      assert.equal(new Set(proofs).size, proofs.length);
      stop();
    });

    it("where there are no news, it says so once, and a removed container is told by its list (APV-LIVE-2)", async () => {
      const fetching = async (url: string, init: RequestInit) =>
        url.endsWith("/live") ? new Response("nothing", { status: 404 }) : fetch(url, init);
      const without = await enrolled(world, await deviceOf({}, fetching), world.userOf());
      const stops: (() => void)[] = [];
      await new Promise<void>((resolve) => stops.push(without.followNews(() => {}, resolve)));
      const device = await deviceOf();
      const container = await enrolled(world, device, world.userOf());
      const opened = new Promise<void>((resolve) => stops.push(container.followNews(resolve)));
      await opened;
      const unavailable = new Promise<void>((resolve) => stops.push(container.followNews(() => {}, resolve)));
      await world.v1("DELETE", `/containers/${container.getProperty(SDKConstants.PROPERTY_DEVICEID)}`, {
        reason: "LOST",
        by: "help desk",
      });
      await unavailable;
      for (const stop of stops) stop();
    });
  });
}
