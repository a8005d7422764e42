import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nobleCrypto } from "@countersign/protocol/crypto-noble";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { versions } from "@countersign/protocol/powerauth/versions";
import {
  PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  PowerAuthError,
} from "../../src/mobile-token/index.ts";
import { Peer } from "../peer.ts";
import { activationOf, activeDevice, configuredDevice, pendingDevice, pin, possession, withPin } from "../device.ts";

const byCode = (code: string) => PowerAuthActivation.createWithActivationCode(code, "Phone");
const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;

describe("activation by code", () => {
  for (const { version } of versions) {
    for (const crypto of [nodeCrypto, nobleCrypto]) {
      test(`a ${version} device on ${crypto.name} activates, signs, proves a token and opens the vault`, async () => {
        const { peer, powerAuth } = await activeDevice({ protocolVersion: version, crypto });
        assert.equal((await powerAuth.fetchActivationStatus()).state, "ACTIVE");
        await powerAuth.validatePassword(pin);
        await powerAuth.tokenStore.requestAccessToken("t", possession());
        const key = await powerAuth.fetchEncryptionKey(withPin(), 7);
        assert.equal(Buffer.from(key, "base64").length, 16);
        assert.deepEqual(
          peer.requests.filter(({ signature }) => signature !== undefined).map(({ signature }) => signature!.offset),
          [0, 0, 0],
        );
        const header = await powerAuth.requestSignature(possession(), "POST", "/x", "{}");
        assert.match(header.value, new RegExp(`pa_version="${version}"`));
      });
    }
  }

  test("the server learns name and one-time password, the application gets custom attributes back", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const activation = byCode(peer.prepare().scanned);
    activation.additionalActivationOtp = "123456";
    activation.customAttributes = { branch: 7 };
    const result = await powerAuth.createActivation(activation);
    assert.equal(activationOf(peer).name, "Phone");
    assert.equal(activationOf(peer).otp, "123456");
    assert.deepEqual(result.customAttributes, { branch: 7 });
  });

  test("id and fingerprint are those of the server, while pending and afterwards", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const { activationFingerprint: shown } = await powerAuth.createActivation(byCode(peer.prepare().code));
    const { id, device, server } = activationOf(peer);
    assert.equal(shown, activationFingerprint(nodeCrypto, device!, id, server.publicKey));
    for (const step of ["pending", "stored"]) {
      assert.equal(await powerAuth.getActivationFingerprint(), shown, step);
      assert.equal(await powerAuth.getActivationIdentifier(), id, step);
      if (step === "pending") await powerAuth.commitActivation(PowerAuthAuthentication.commitWithPassword(pin));
    }
  });

  test("a stored activation is there again for a new object on the same storage, a pending one is not", async () => {
    const { peer, powerAuth, environment } = await pendingDevice();
    const restart = async () => {
      await powerAuth.deconfigure();
      const next = new PowerAuth(powerAuth.instanceId);
      await next.configure(peer.configuration, {}, {}, {}, undefined, environment);
      return next;
    };
    const afterPending = await restart();
    assert.equal(await afterPending.canStartActivation(), true);
    await afterPending.createActivation(byCode(peer.prepare().code));
    await afterPending.commitActivation(PowerAuthAuthentication.persistWithPassword(pin));
    const afterCommit = await restart();
    assert.equal(await afterCommit.hasValidActivation(), true);
    await afterCommit.validatePassword(pin);
  });

  test("a code that is malformed, missing or signed by another key is refused before anything is sent", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const { code } = peer.prepare();
    const foreign = new Peer().prepare().scanned.split("#")[1];
    const last = code.endsWith("A") ? "E" : "A";
    await assert.rejects(powerAuth.createActivation(byCode("AAAAA")), fails("INVALID_ACTIVATION_CODE"));
    await assert.rejects(powerAuth.createActivation(byCode(code.slice(0, 5) + "X")), fails("INVALID_ACTIVATION_CODE"));
    await assert.rejects(powerAuth.createActivation(byCode(`${last}${code}`)), fails("INVALID_ACTIVATION_CODE"));
    await assert.rejects(powerAuth.createActivation(byCode("")), fails("INVALID_ACTIVATION_OBJECT"));
    await assert.rejects(powerAuth.createActivation(undefined as never), fails("INVALID_ACTIVATION_OBJECT"));
    await assert.rejects(powerAuth.createActivation(byCode(`${code}#${foreign}`)), fails("SIGNATURE_ERROR"));
    assert.deepEqual(peer.requests, []);
    assert.equal(await powerAuth.canStartActivation(), true);
  });

  test("after a refusal nothing is left over and the next code works at once", async () => {
    const { peer, powerAuth } = await configuredDevice();
    await assert.rejects(powerAuth.createActivation(byCode("VVVVV-VVVVV-VVVVV-VTFVA")), (error: unknown) => {
      assert.ok(error instanceof PowerAuthError);
      assert.equal(error.code, "RESPONSE_ERROR");
      assert.equal(error.errorData?.httpStatusCode, 400);
      assert.equal(error.errorData?.serverResponseCode, "ERR_ACTIVATION");
      return true;
    });
    assert.equal(await powerAuth.canStartActivation(), true);
    await powerAuth.createActivation(byCode(peer.prepare().scanned));
    assert.equal(await powerAuth.hasPendingActivation(), true);
  });

  test("an answer that was tampered with gives no activation", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const { fetch } = peer;
    await powerAuth.deconfigure();
    await powerAuth.configure(peer.configuration, {}, {}, {}, undefined, {
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!url.endsWith("/activation/create")) return response;
        const body = (await response.json()) as { mac: string };
        return Response.json({ ...body, mac: Buffer.alloc(32).toString("base64") });
      },
    });
    await assert.rejects(powerAuth.createActivation(byCode(peer.prepare().code)), fails("INVALID_ACTIVATION_DATA"));
    assert.equal(await powerAuth.canStartActivation(), true);
  });

  test("a temporary key that the application's server did not sign is refused", async () => {
    const peer = new Peer();
    const { powerAuth } = await configuredDevice({ fetch: new Peer(peer).fetch }, peer);
    await assert.rejects(powerAuth.createActivation(byCode(peer.prepare().code)), fails("ENCRYPTION_ERROR"));
  });

  test("commit needs a pending activation, an object made for it, and a password of four bytes", async () => {
    const { powerAuth } = await pendingDevice();
    const commit = (password: string) =>
      powerAuth.commitActivation(PowerAuthAuthentication.commitWithPassword(password));
    await assert.rejects(commit("123"), fails("INVALID_ACTIVATION_STATE"));
    await assert.rejects(powerAuth.commitActivation(withPin()), fails("WRONG_PARAMETER"));
    await assert.rejects(commit(undefined as never), fails("WRONG_PARAMETER"));
    await commit("čč");
    await assert.rejects(commit(pin), fails("INVALID_ACTIVATION_STATE"));
    await powerAuth.validatePassword("čč");
  });

  test("removal with authentication forgets the activation only once the server has", async () => {
    const { peer, powerAuth } = await activeDevice();
    await assert.rejects(powerAuth.removeActivationWithAuthentication(withPin("0000")), fails("AUTHENTICATION_ERROR"));
    assert.equal(await powerAuth.hasValidActivation(), true);
    await powerAuth.removeActivationWithAuthentication(withPin());
    assert.equal(await powerAuth.hasValidActivation(), false);
    assert.equal(activationOf(peer).state, 5);
  });
});
