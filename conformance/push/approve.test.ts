/**
 * What push messages bring to Approve devices, over every gateway and on both stores: the reference of a transaction or
 * an offer, and nothing that stands in either.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import { toBase64Url } from "@countersign/protocol/bytes";
import { makeKeyProof } from "@countersign/protocol/approve/key-proof";
import { keyUses, type PublicJwk } from "@countersign/protocol/approve/keys";
import { readMessage } from "@countersign/protocol/approve/message";
import { offer } from "@countersign/protocol/approve/offer";
import { reference } from "@countersign/protocol/approve/reference";
import { application, payment, type StoreOfWorld, stores } from "../world.ts";
import type { Json } from "./gateways.ts";
import { openScene, type Platform, platforms, type Scene } from "./scene.ts";

for (const store of await stores()) suite(store);

/** What the app gets besides the texts. */
const extrasOf: Readonly<Record<Platform, (body: Json) => Json>> = {
  apns: ({ aps: _aps, ...extras }) => extras,
  fcm: ({ data }) => data,
  hms: ({ data }) => JSON.parse(data),
  web: ({ notification: _notification, ...extras }) => extras,
};

let made = 0;
const tokens = {
  apns: () => ({ token: `abcd${String(++made).padStart(4, "0")}`, environment: "development" }),
  fcm: () => ({ token: `token-f-${++made}` }),
  hms: () => ({ token: `token-h-${++made}` }),
};

function suite(store: StoreOfWorld): void {
  describe(`push to Approve devices on ${store.name}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene(store);
      await scene.world.v1("PUT", "/device-types/phone", { applicationId: application });
    });
    after(async () => {
      await scene.close();
      await store.drop();
    });

    const tokenOf = (platform: Platform) =>
      platform === "web" ? { token: JSON.stringify(scene.gateways.web.subscribe()) } : tokens[platform]();

    const enrol = async (user: string, platform: Platform): Promise<void> => {
      const offered = await scene.world.v1("POST", "/offers", { userId: user, deviceType: "phone" });
      const read = readMessage(offer, offered.offer);
      assert.ok(!isFailure(read));
      const keys = keyUses.map((use) => {
        const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
        const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
        const signed = async (data: Uint8Array) => new Uint8Array(sign("sha256", data, key));
        return { use, jwk: { kty, crv, x, y } as PublicJwk, sign: signed };
      });
      const payload = {
        code: read.claims.code,
        nonce: toBase64Url(randomBytes(16)),
        iat: Math.floor(Date.now() / 1000),
        aud: read.claims.iss,
        keys: keys.map(({ use, jwk }) => ({ use, jwk })),
        ver: [1],
        algs: ["ES256"],
        device: { platform: "node", osVersion: "24", hardwareKeys: false },
        push: { platform, ...tokenOf(platform) },
      };
      const answer = await fetch(`${scene.world.server.publicUrl}/approve/v1/enrol`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: Buffer.from(await makeKeyProof("apv-enrol+jws", payload, keys)),
      });
      assert.equal(answer.status, 201, await answer.text());
    };

    for (const platform of platforms) {
      test(`a transaction's reference and nothing of its content reaches ${platform} (APV-REF-1)`, async () => {
        const user = `approve-${platform}`;
        await enrol(user, platform);
        const { got, message } = scene.gateways[platform];
        const coming = message(got.length + 1);
        const { id } = await scene.world.v1("POST", "/operations", { ...payment, userId: user, notify: true });
        const { body } = await coming;
        const extras = extrasOf[platform](body);
        assert.deepEqual(Object.keys(extras), ["tds"]);
        const read = readMessage(reference, extras.tds);
        assert.ok(!isFailure(read));
        assert.equal(read.claims.tid, id);
        const claims = ["act", "cid", "exp", "iat", "iss", "tid", "tk"];
        assert.deepEqual(Object.keys(read.claims).toSorted(), claims);
        const everything = JSON.stringify([body, read.claims]);
        for (const content of [...Object.values(payment.parameters), user]) {
          assert.ok(!everything.includes(content), content);
        }
        assert.deepEqual(scene.gateways[platform].refused, []);
      });

      test(`an offer goes to the user's devices at ${platform} when asked, as \`prov\` (APV-OFF-1)`, async () => {
        const user = `offered-${platform}`;
        const asked = { userId: user, deviceType: "phone", push: true };
        const first = await scene.world.v1("POST", "/offers", asked);
        assert.equal(first.pushed, 0, "there is no device yet");
        await enrol(user, platform);
        const { got, message } = scene.gateways[platform];
        const coming = message(got.length + 1);
        const second = await scene.world.v1("POST", "/offers", asked);
        assert.equal(second.pushed, 1);
        assert.deepEqual(extrasOf[platform]((await coming).body), { prov: second.offer });
      });
    }

    test("every container of the user gets a reference of its own", async () => {
      await enrol("several", "fcm");
      await enrol("several", "hms");
      const { fcm, hms } = scene.gateways;
      const coming = Promise.all([fcm.message(fcm.got.length + 1), hms.message(hms.got.length + 1)]);
      await scene.world.v1("POST", "/operations", { ...payment, userId: "several", notify: true });
      const [one, other] = await coming;
      const references = [extrasOf.fcm(one.body).tds, extrasOf.hms(other.body).tds].map((tds) => {
        const read = readMessage(reference, tds);
        assert.ok(!isFailure(read));
        return read.claims;
      });
      assert.equal(references[0]?.tid, references[1]?.tid);
      assert.notEqual(references[0]?.cid, references[1]?.cid);
    });
  });
}
