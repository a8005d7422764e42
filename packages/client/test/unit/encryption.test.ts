/** Encryption of an application's own requests, temporary keys, and the clock they correct. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { versions } from "@countersign/protocol/powerauth/versions";
import { PowerAuthError, type PowerAuthEncryptor } from "../../src/mobile-token/index.ts";
import { Peer } from "../peer.ts";
import { activationOf, activeDevice, configuredDevice, pin, possession, withPin } from "../device.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;

async function exchange(peer: Peer, encryptor: PowerAuthEncryptor, body: string) {
  const { cryptogram, header, decryptor } = await encryptor.encryptRequest(body);
  const path = `/echo/${encryptor.encryptorScope.toLowerCase()}`;
  const response = await peer.fetch(peer.baseEndpointUrl + path, {
    body: JSON.stringify(cryptogram),
    headers: { [header.key]: header.value },
  });
  return { status: response.status, answer: (await response.json()) as never, decryptor, cryptogram };
}

const keyRequests = (peer: Peer) => peer.paths().filter((path) => path === "/pa/v3/keystore/create").length;

describe("encryptors", () => {
  for (const { version } of versions) {
    test(`in both scopes, the server reads what was written and the device reads the answer (${version})`, async () => {
      const { powerAuth, peer } = await activeDevice({ protocolVersion: version });
      for (const encryptor of [
        powerAuth.getEncryptorForApplicationScope(),
        powerAuth.getEncryptorForActivationScope(),
      ]) {
        assert.equal(await encryptor.canEncryptRequest(), true);
        for (const word of ["žluť", ""]) {
          const { answer, decryptor } = await exchange(peer, encryptor, JSON.stringify({ word }));
          assert.equal(await decryptor.canDecryptResponse(), true);
          assert.deepEqual(JSON.parse(await decryptor.decryptResponse(answer)), { echo: { word } });
        }
      }
      assert.equal(activationOf(peer).ctr, 0);
    });
  }

  test("a decryptor works once, for its own answer only, and for five minutes", async () => {
    let now = Date.now();
    const { powerAuth, peer } = await activeDevice({ now: () => now });
    const encryptor = powerAuth.getEncryptorForActivationScope();
    const first = await exchange(peer, encryptor, "{}");
    const second = await exchange(peer, encryptor, "{}");
    await assert.rejects(first.decryptor.decryptResponse(second.answer), fails("ENCRYPTION_ERROR"));
    await assert.rejects(first.decryptor.decryptResponse(first.answer), fails("INVALID_NATIVE_OBJECT"));
    await assert.rejects(
      (await exchange(peer, encryptor, "{}")).decryptor.decryptResponse({} as never),
      fails("ENCRYPTION_ERROR"),
    );
    now += 300_000;
    assert.equal(await second.decryptor.canDecryptResponse(), false);
    await assert.rejects(second.decryptor.decryptResponse(second.answer), fails("INVALID_NATIVE_OBJECT"));
  });

  test("Base64 bodies go both ways; what is no Base64 is WRONG_PARAMETER", async () => {
    const { powerAuth, peer } = await configuredDevice();
    const encryptor = powerAuth.getEncryptorForApplicationScope();
    await assert.rejects(encryptor.encryptRequest("%", "BASE64"), fails("WRONG_PARAMETER"));
    const { cryptogram, header, decryptor } = await encryptor.encryptRequest(btoa('{"a":1}'), "BASE64");
    const response = await peer.fetch(`${peer.baseEndpointUrl}/echo/application`, {
      body: JSON.stringify(cryptogram),
      headers: { [header.key]: header.value },
    });
    const answer = await decryptor.decryptResponse((await response.json()) as never, "BASE64");
    assert.equal(atob(answer), '{"echo":{"a":1}}');
  });

  test("may be made before there is anything to encrypt for; the state counts at each use", async () => {
    const { powerAuth } = await configuredDevice();
    const encryptor = powerAuth.getEncryptorForActivationScope();
    assert.equal(await encryptor.canEncryptRequest(), false);
    await assert.rejects(encryptor.encryptRequest("{}"), fails("MISSING_ACTIVATION"));
    await powerAuth.deconfigure();
    assert.equal(await powerAuth.getEncryptorForApplicationScope().canEncryptRequest(), false);
    await assert.rejects(encryptor.encryptRequest("{}"), fails("INSTANCE_NOT_CONFIGURED"));
  });
});

describe("temporary keys", () => {
  test("are fetched once per scope, also for parallel uses, and again ten seconds before they expire", async () => {
    let now = Date.now();
    const { powerAuth, peer } = await activeDevice({ now: () => now });
    assert.equal(keyRequests(peer), 1);
    const encryptor = powerAuth.getEncryptorForActivationScope();
    await Promise.all([
      encryptor.encryptRequest("{}"),
      encryptor.encryptRequest("{}"),
      powerAuth.fetchEncryptionKey(withPin(), 1),
    ]);
    assert.equal(keyRequests(peer), 2);
    now += peer.temporaryKeyLife - 11_000;
    await encryptor.encryptRequest("{}");
    assert.equal(keyRequests(peer), 2);
    now += 2_000;
    await Promise.all([encryptor.encryptRequest("{}"), encryptor.encryptRequest("{}")]);
    assert.equal(keyRequests(peer), 3);
  });

  test("a failed request for one is not remembered", async () => {
    const { powerAuth, peer } = await configuredDevice();
    const encryptor = powerAuth.getEncryptorForApplicationScope();
    peer.intercept = () => new Response("", { status: 503 });
    await assert.rejects(encryptor.encryptRequest("{}"), fails("RESPONSE_ERROR"));
    peer.intercept = () => undefined;
    await encryptor.encryptRequest("{}");
  });

  test("of another server are refused", async () => {
    const peer = new Peer();
    const { powerAuth } = await configuredDevice({ fetch: new Peer(peer).fetch }, peer);
    await assert.rejects(powerAuth.getEncryptorForApplicationScope().encryptRequest("{}"), fails("ENCRYPTION_ERROR"));
  });
});

describe("time", () => {
  test("of the server is in encrypted requests and token headers, though the device's clock is hours off", async () => {
    for (const [version, off] of [
      ["3.3", 5],
      ["3.3", -5],
      ["3.2", 5],
    ] as const) {
      const peer = new Peer();
      peer.clockAhead = off * 3_600_000;
      const { powerAuth } = await activeDevice({ protocolVersion: version }, peer);
      const { cryptogram } = await powerAuth.getEncryptorForActivationScope().encryptRequest("{}");
      assert.ok(Math.abs(Number(cryptogram.timestamp) - peer.now()) < 1_000);
      assert.equal((await powerAuth.createMobileToken().operations.getOperations()).length, 0);
    }
  });

  test("is asked for before the first token header of a process, and the device's own serves when nobody answers", async () => {
    const { powerAuth, peer, environment } = await activeDevice();
    await powerAuth.tokenStore.requestAccessToken("t", possession());
    const restart = async () => {
      await powerAuth.deconfigure();
      await powerAuth.configure(peer.configuration, {}, {}, {}, undefined, environment);
    };
    const asked = () => peer.paths().filter((path) => path === "/pa/v3/status").length;
    assert.equal(asked(), 0);
    await restart();
    await powerAuth.tokenStore.generateHeaderForToken("t");
    await powerAuth.tokenStore.generateHeaderForToken("t");
    assert.equal(asked(), 1);
    await restart();
    let refused = 0;
    peer.intercept = () => (refused++, new Response("<html>", { status: 502 }));
    await powerAuth.tokenStore.generateHeaderForToken("t");
    await powerAuth.tokenStore.generateHeaderForToken("t");
    assert.equal(refused, 1, "an unreachable server is not asked again at once");
  });

  test("of an answer that took longer than sixteen seconds is not taken over", async () => {
    const peer = new Peer();
    peer.clockAhead = 3_600_000;
    let now = Date.now();
    const fetch: typeof peer.fetch = async (url, init) => {
      const response = await peer.fetch(url, init);
      now += 17_000;
      return response;
    };
    const { powerAuth } = await configuredDevice({ fetch, now: () => now }, peer);
    const { cryptogram } = await powerAuth.getEncryptorForApplicationScope().encryptRequest("{}");
    assert.equal(cryptogram.timestamp, now);
    assert.equal(await powerAuth.verifyServerSignedData("x", pin, true), false);
  });
});
