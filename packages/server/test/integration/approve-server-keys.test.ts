/** Rotation of the server's key for devices (Approve protocol §10), over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import { followChain } from "@countersign/protocol/approve/server-keys";
import { offer, offerSeconds } from "@countersign/protocol/approve/offer";
import { readMessage } from "@countersign/protocol/approve/message";
import { transaction } from "@countersign/protocol/approve/transaction";
import { enrolDevice } from "../../../../tools/approve-device.ts";
import { openReferenceFor } from "../../src/approve/transactions/reference.ts";
import { rotateSigningKey, rotationDelayMs } from "../../src/keys/signing-keys.ts";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe(`Approve server keys on ${dialect}`, () => {
    let store: TestStore;
    let approve: ContainerBank;
    let ahead = 0;
    before(async () => {
      store = await open({ now: () => Date.now() + ahead });
      approve = await startContainerBank(store);
    });
    after(async () => {
      await approve.bank.close();
      await store.close();
    });

    const rotate = async () => {
      const { kid, signsFrom } = await rotateSigningKey(store, { use: "approve" });
      ahead = signsFrom - Date.now();
      return kid;
    };
    const get = async (path: string) => {
      const reply = await fetch(`${approve.url}/approve/v1/${path}`);
      return { status: reply.status, body: (await reply.json()) as { keys?: { kid: string }[]; chain?: string[] } };
    };

    it("the key that is replaced announces the next; a device follows the chain from any key it pinned (APV-ROT-1, -2)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const id = await approve.operation(user);
      const told = await device.fetch(id);
      const kids = [await rotate(), await rotate()];
      const pinned = device.record.serverKeys.map((jwk) => ({ jwk }));
      const { body } = await get(`keys?from=${pinned[0]!.jwk.kid}`);
      assert.equal(body.chain?.length, 2);
      const followed = await followChain(device.record.iss, pinned, body.chain);
      assert.deepEqual(
        followed?.map(({ jwk }) => jwk.kid),
        [pinned[0]!.jwk.kid, ...kids],
      );
      assert.deepEqual(
        followed?.map(({ retiredAt }) => retiredAt !== undefined),
        [true, true, false],
      );
      assert.equal(await followChain(device.record.iss, pinned, body.chain.toReversed()), undefined);
      assert.equal((await get(`keys?from=${kids[0]}`)).body.chain?.length, 1);
      assert.deepEqual((await get(`keys?from=${kids[1]}`)).body.chain, []);
      assert.equal((await get(`keys?from=${"A".repeat(43)}`)).status, 404);
      assert.deepEqual(
        (await get("metadata")).body.keys?.map(({ kid }) => kid),
        [...kids.toReversed(), pinned[0]!.jwk.kid],
        "the active one, and those that offers of the last minutes are signed with",
      );
      assert.equal((await device.fetch(id)).text, told.text, "told told, it stays the same (APV-TX-3)");
      const later = await device.fetch(await approve.operation(user));
      const read = readMessage(transaction, later.text);
      assert.ok(!isFailure(read));
      assert.equal(read.kid, kids[1]);
    });

    it("an open reference stays good for its minute; a retired key signs nothing later (APV-ROT-3)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const deps = { signingKeys: store.signingKeys, publicUrl: approve.url };
      const [early, late] = [
        await approve.operation(user, { userId: undefined }),
        await approve.operation(user, { userId: undefined }),
      ];
      const pointed = async (tid: string) => (await store.store.findOperation(tid))!;
      const reference = await openReferenceFor(deps, await pointed(early), Date.now() + ahead);
      const future = await openReferenceFor(deps, await pointed(late), Date.now() + ahead + rotationDelayMs + 2_000);
      await rotate();
      const refused = await device.call("POST", `/approve/v1/transactions/${late}`, { ref: future });
      assert.equal(refused.body.code, "transaction-unknown");
      assert.equal((await device.fetch(early, reference)).claims.tid, early);
    });

    it("an offer signed before a rotation enrols until it is over, and no longer names a key that is (APV-OFF-2)", async () => {
      const { offer: text } = await approve.offer(approve.userOf());
      const read = readMessage(offer, text);
      assert.ok(!isFailure(read));
      const kid = await rotate();
      const keysNow = async () => (await get("metadata")).body.keys?.map((key) => key.kid) ?? [];
      const keys = await keysNow();
      assert.equal(keys[0], kid, "the active one first");
      assert.ok(keys.includes(read.kid) && read.claims.sks.includes(read.kid));
      const device = await enrolDevice({ url: approve.url, offer: text });
      assert.deepEqual(
        device.record.serverKeys.map((key) => key.kid),
        [kid],
        "a device pins what is good from now on",
      );
      const asBefore = ahead;
      ahead += offerSeconds * 1000 + 1;
      assert.deepEqual(await keysNow(), [kid]);
      ahead = asBefore;
    });
  });
});
