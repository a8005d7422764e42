/** Rotation of the server's key for devices (Approve protocol §10), over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import { followChain } from "@countersign/protocol/approve/server-keys";
import { readMessage } from "@countersign/protocol/approve/message";
import { transaction } from "@countersign/protocol/approve/transaction";
import { openReferenceFor } from "../../src/approve/transactions/reference.ts";
import { rotateSigningKey } from "../../src/keys/signing-keys.ts";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe(`Approve server keys on ${dialect}`, () => {
    let store: TestStore;
    let approve: ContainerBank;
    before(async () => {
      store = await open();
      approve = await startContainerBank(store);
    });
    after(async () => {
      await approve.bank.close();
      await store.close();
    });

    const rotate = async () => {
      const kid = await rotateSigningKey(store.store, store.secrets, "approve");
      await store.signingKeys.reload();
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
        [kids[1]],
        "only the active one",
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
      const reference = await openReferenceFor(deps, await pointed(early), Date.now());
      const future = await openReferenceFor(deps, await pointed(late), Date.now() + 5_000);
      await rotate();
      const refused = await device.call("POST", `/approve/v1/transactions/${late}`, { ref: future });
      assert.equal(refused.body.code, "transaction-unknown");
      assert.equal((await device.fetch(early, reference)).claims.tid, early);
    });
  });
});
