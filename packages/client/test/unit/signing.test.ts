/** Signatures, the counter behind them, and the order in which signed calls go out (PowerAuth 3.x, hash-based counter). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { advanceCounter } from "@countersign/protocol/powerauth/counter";
import { readSignatureHeader } from "@countersign/protocol/powerauth/headers";
import { isFailure } from "@countersign/protocol/errors";
import { computeOffline, computeSignature, signatureBase, signedData } from "@countersign/protocol/powerauth/signature";
import { decodeState } from "../../src/engine/state.ts";
import { signRequest } from "../../src/engine/sign.ts";
import type { Fetch } from "../../src/engine/transport.ts";
import { createDevice, readConfigureArguments } from "../../src/mobile-token/configurations.ts";
import {
  PowerAuthAuthentication,
  PowerAuthError,
  StorageError,
  type DeviceStorage,
} from "../../src/mobile-token/index.ts";
import { createMemoryStorage } from "../../src/storage/memory.ts";
import { activationOf, activeDevice, pin, possession, TestBiometry, withPin, type TestDevice } from "../device.ts";
import { Peer } from "../peer.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;

async function storedState({ storage, powerAuth }: TestDevice) {
  return decodeState((await storage.get(`${powerAuth.instanceId}/activation`))!);
}

/** What the server expects for the n-th counter value from the start. */
function expected(
  device: TestDevice,
  header: string,
  step: number,
  method: string,
  uriId: string,
  body: string,
): string {
  const read = readSignatureHeader(header);
  assert.ok(!isFailure(read));
  const { keys, ctrData } = activationOf(device.peer);
  const data = signedData(
    signatureBase(method, uriId, read.nonce, utf8(body)),
    toBase64(device.peer.applicationSecret),
  );
  const used = read.signatureType === "possession" ? [keys!.possession] : [keys!.possession, keys!.knowledge];
  return computeSignature(nodeCrypto, read.version, used, advanceCounter(nodeCrypto, ctrData, step), data);
}

function signatureIn(header: string): string {
  const read = readSignatureHeader(header);
  assert.ok(!isFailure(read));
  return read.signature;
}

describe("request signatures", () => {
  test("cover method, uriId and the exact body, and use up one counter value each", async () => {
    const device = await activeDevice();
    const { powerAuth } = device;
    const body = '{"žluťoučký": 1}';
    const bytes = utf8(body);
    const headers = [
      await powerAuth.requestSignature(possession(), "POST", "/a", body),
      await powerAuth.requestSignature(withPin(), "put", "/a", bytes),
      await powerAuth.requestSignature(possession(), "DELETE", "/b"),
    ];
    const calls = [
      { method: "POST", uriId: "/a", signed: body },
      { method: "PUT", uriId: "/a", signed: body },
      { method: "DELETE", uriId: "/b", signed: "" },
    ];
    for (const [step, { key, name, value }] of headers.entries()) {
      assert.equal(key, "X-PowerAuth-Authorization");
      assert.equal(name, key);
      const { method, uriId, signed } = calls[step]!;
      assert.equal(signatureIn(value), expected(device, value, step, method, uriId, signed));
    }
  });

  test("of a GET cover the canonical query of its parameters", async () => {
    const device = await activeDevice();
    const { value } = await device.powerAuth.requestGetSignature(possession(), "/q", { b: "ž +&=", a: "", "c d": "*" });
    assert.equal(signatureIn(value), expected(device, value, 0, "GET", "/q", "a=&b=%C5%BE+%2B%26%3D&c+d=*"));
    const none = await device.powerAuth.requestGetSignature(possession(), "/q");
    assert.equal(signatureIn(none.value), expected(device, none.value, 1, "GET", "/q", ""));
    const wrong = device.powerAuth.requestGetSignature(possession(), "/q", { a: 1 as unknown as string });
    await assert.rejects(wrong, fails("WRONG_PARAMETER"));
  });

  test("with a wrong password look right and differ in the knowledge component only", async () => {
    const device = await activeDevice();
    const { value } = await device.powerAuth.requestSignature(withPin("0000"), "POST", "/a", "");
    const right = Buffer.from(expected(device, value, 0, "POST", "/a", ""), "base64");
    const given = Buffer.from(signatureIn(value), "base64");
    assert.deepEqual(given.subarray(0, 16), right.subarray(0, 16));
    assert.notDeepEqual(given.subarray(16), right.subarray(16));
  });

  test("offline: eight digits per factor over the nonce as received, with the word offline for the secret", async () => {
    const device = await activeDevice();
    const nonce = Buffer.alloc(16, 5).toString("base64");
    const uriId = "/operation/authorize/offline";
    const code = await device.powerAuth.offlineSignature(withPin(), uriId, nonce, "id&A1*A1CZK");
    const { keys, ctrData } = activationOf(device.peer);
    const data = signedData(signatureBase("POST", uriId, nonce, utf8("id&A1*A1CZK")), "offline");
    assert.equal(code, computeOffline(nodeCrypto, [keys!.possession, keys!.knowledge], ctrData, data));
    assert.match(code, /^\d{8}-\d{8}$/);
    await assert.rejects(
      device.powerAuth.offlineSignature(withPin(), uriId, "no Base64!", ""),
      fails("WRONG_PARAMETER"),
    );
    await assert.rejects(device.powerAuth.offlineSignature(withPin(), uriId, "", ""), fails("WRONG_PARAMETER"));
    assert.equal((await storedState(device)).ctrByte, 1);
  });

  test("a failed computation leaves the counter where it was", async () => {
    const device = await activeDevice({ biometryProvider: new TestBiometry() });
    const { powerAuth } = device;
    const before = await storedState(device);
    await assert.rejects(powerAuth.requestSignature(withPin("123"), "POST", "/a"), fails("SIGNATURE_ERROR"));
    const biometry = PowerAuthAuthentication.biometry({ promptMessage: "?" });
    await assert.rejects(powerAuth.requestSignature(biometry, "POST", "/a"), fails("BIOMETRY_NOT_CONFIGURED"));
    const commit = PowerAuthAuthentication.commitWithPassword("1234");
    await assert.rejects(powerAuth.requestSignature(commit, "POST", "/a"), fails("WRONG_PARAMETER"));
    assert.deepEqual(await storedState(device), before);
  });
});

describe("the counter", () => {
  test("is durable before a header is returned: when the storage refuses, no header leaves the device", async () => {
    const inner = createMemoryStorage();
    let refuse = false;
    const storage: DeviceStorage = {
      ...inner,
      set: async (key, value) => {
        if (refuse) throw new StorageError("STORAGE_FAILED", "disk full");
        await inner.set(key, value);
      },
    };
    const { powerAuth } = await activeDevice({ storage });
    refuse = true;
    await assert.rejects(powerAuth.requestSignature(possession(), "POST", "/a"), (error: unknown) => {
      assert.ok(error instanceof PowerAuthError);
      assert.equal(error.code, "UNKNOWN_ERROR");
      assert.equal(error.errorData?.storageCode, "STORAGE_FAILED");
      return true;
    });
  });

  test("is moved and stored before the request of a signed call goes out", async () => {
    const device = await activeDevice();
    let stored = -1;
    device.peer.intercept = (path) => {
      if (path !== "/pa/v3/signature/validate") return undefined;
      return storedState(device).then((state) => {
        stored = state.ctrByte;
        return Response.json({ status: "OK" });
      });
    };
    await device.powerAuth.validatePassword(pin);
    assert.equal(stored, 1);
  });

  test("is never used twice by parallel signatures, nor by two devices on one storage", async () => {
    const device = await activeDevice();
    const { powerAuth, peer, environment } = device;
    // A second instance object graph on the same storage, as another process would have.
    const configurations = readConfigureArguments([peer.configuration]);
    const other = createDevice(powerAuth.instanceId, configurations, environment);
    const request = { method: "POST", uriId: "/a", body: new Uint8Array(0) };
    const headers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        index % 2 === 0
          ? (await powerAuth.requestSignature(possession(), "POST", "/a")).value
          : (await signRequest(other, { factors: "possession" }, request)).value,
      ),
    );
    const steps = headers.map((value) => {
      const signature = signatureIn(value);
      return Array.from({ length: 20 }, (_, step) => step).find(
        (step) => expected(device, value, step, "POST", "/a", "") === signature,
      );
    });
    assert.deepEqual(
      [...steps].sort((a, b) => a! - b!),
      Array.from({ length: 20 }, (_, step) => step),
    );
    assert.equal((await storedState(device)).ctrByte, 20);
  });

  test("byte wraps around at 256", async () => {
    const device = await activeDevice();
    for (let round = 0; round < 257; round++) await device.powerAuth.requestSignature(possession(), "POST", "/a");
    assert.equal((await storedState(device)).ctrByte, 1);
  });
});

describe("signed calls", () => {
  test("arrive in the order of their counters, though the first ones take longest to get there", async () => {
    const peer = new Peer();
    let pause = 24;
    const fetch: Fetch = async (url, init) => {
      pause = Math.max(0, pause - 3);
      await new Promise((resolve) => setTimeout(resolve, pause));
      return peer.fetch(url, init);
    };
    const { powerAuth } = await activeDevice({ fetch }, peer);
    pause = 24;
    await Promise.all([
      powerAuth.validatePassword(pin),
      powerAuth.tokenStore.requestAccessToken("one", possession()),
      powerAuth.fetchEncryptionKey(withPin(), 1),
      powerAuth.tokenStore.requestAccessToken("two", withPin()),
      powerAuth.signDataWithDevicePrivateKey(withPin(), "data"),
      powerAuth.validatePassword(pin),
    ]);
    const offsets = peer.requests.filter(({ signature }) => signature).map(({ signature }) => signature!.offset);
    assert.deepEqual(offsets, [0, 0, 0, 0, 0, 0]);
  });

  test("wait for each other in serial sections of the application as well", async () => {
    const { powerAuth } = await activeDevice();
    const order: string[] = [];
    const section = powerAuth.serial(async () => {
      order.push("begin");
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push("end");
      return 5;
    });
    const validation = powerAuth.validatePassword(pin).then(() => order.push("validated"));
    assert.equal(await section, 5);
    await validation;
    assert.deepEqual(order, ["begin", "end", "validated"]);
    class Mine extends Error {}
    await assert.rejects(
      powerAuth.serial(() => Promise.reject(new Mine())),
      Mine,
    );
  });
});

test("a 3.0 signature is decimal, a later one Base64", async () => {
  for (const version of ["3.0", "3.3"]) {
    const device = await activeDevice({ protocolVersion: version });
    const { value } = await device.powerAuth.requestSignature(withPin(), "POST", "/a", "x");
    assert.match(signatureIn(value), version === "3.0" ? /^\d{8}-\d{8}$/ : /^[A-Za-z0-9+/]{43}=$/);
    assert.equal(signatureIn(value), expected(device, value, 0, "POST", "/a", "x"));
  }
});
