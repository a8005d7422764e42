/** The inbox end to end: the bank writes through its API, the SDK reads, over real HTTP on both stores. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { MobileTokenError } from "@countersign/client/mobile-token";
import { application, openWorld, type StoreOfWorld, stores, type World } from "../world.ts";

for (const store of await stores()) suite(store);

function suite(store: StoreOfWorld): void {
  describe(`the inbox on ${store.name}`, () => {
    let world: World;
    before(async () => {
      world = await openWorld(store);
    });
    after(async () => {
      await world.close();
      await store.drop();
    });

    const write = async (userId: string, at: number): Promise<string> => {
      const { clientId, clientSecret } = world.credentials;
      const response = await fetch(`${world.server.privateUrl}/v1/inbox/messages`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
        },
        body: JSON.stringify({
          userId,
          type: "text",
          applications: [application],
          texts: {
            en: { subject: `Message ${at}`, summary: "In short", body: "In full" },
            cs: { subject: `Zpráva ${at}`, summary: "Krátce", body: "Celá" },
          },
        }),
      });
      assert.equal(response.status, 201);
      return ((await response.json()) as { id: string }).id;
    };

    test("pages, two languages, unread count, reading one and all", async () => {
      const ids: string[] = [];
      for (let at = 0; at < 5; at++) ids.unshift(await write("anna", at));
      const mobileToken = (await world.device("anna")).createMobileToken();
      const { inbox } = mobileToken;
      assert.deepEqual(await inbox.getUnreadCount(), { countUnread: 5 });

      const pages = [await inbox.getMessageList(0, 2, false), await inbox.getMessageList(1, 2, false)];
      assert.deepEqual(
        pages.map((page) => page.length),
        [2, 2],
      );
      const all = await inbox.getAllMessages(2);
      assert.deepEqual(all.slice(0, 4), pages.flat());
      assert.deepEqual(new Set(all.map(({ id }) => id)), new Set(ids));
      assert.match(all[0]!.subject, /^Message \d$/);
      assert.ok(Math.abs(all[0]!.timestampCreated!.getTime() - Date.now()) < 60_000);

      const [first] = all;
      mobileToken.setAcceptLanguage("cs");
      const detail = await inbox.getMessageDetail(first!.id);
      assert.deepEqual([detail.summary, detail.body, detail.type, detail.read], ["Krátce", "Celá", "text", false]);
      assert.match((await inbox.getMessageList(0, 1, false))[0]!.subject, /^Zpráva \d$/);
      mobileToken.setAcceptLanguage("de");
      assert.equal((await inbox.getMessageDetail(first!.id)).body, "In full");

      await inbox.markRead(first!.id);
      assert.equal((await inbox.getMessageDetail(first!.id)).read, true);
      assert.deepEqual(await inbox.getUnreadCount(), { countUnread: 4 });
      assert.equal((await inbox.getAllMessages(2, 0, true)).length, 4);
      await inbox.markAllRead();
      assert.deepEqual(await inbox.getUnreadCount(), { countUnread: 0 });
      assert.equal((await inbox.getAllMessages()).length, 5);
    });

    test("another user's message is not there, and says no more than an unknown one", async () => {
      const foreign = await write("boris", 1);
      const { inbox } = (await world.device("clara")).createMobileToken();
      assert.deepEqual(await inbox.getAllMessages(), []);
      for (const id of [foreign, "00000000-0000-7000-8000-000000000000"]) {
        for (const call of [inbox.getMessageDetail(id), inbox.markRead(id)]) {
          await assert.rejects(call, (error: unknown) => {
            return error instanceof MobileTokenError && error.responseError?.code === "INBOX_FAILED";
          });
        }
      }
    });
  });
}
