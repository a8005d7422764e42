/**
 * Whoever holds the storage and its key must not be able to test a PIN. This test is that holder: it opens what is
 * stored with each four-digit PIN and looks for anything that tells the right one apart.
 *
 * PBKDF2 runs with one iteration here. That changes the price of a guess, not what a guess can be compared with.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concat, fromBase64, utf8 } from "@countersign/protocol/bytes";
import type { SecretKey } from "@countersign/protocol/crypto";
import { deriveKey, knowledgeWrappingKey } from "@countersign/protocol/powerauth/keys";
import { decodeState, encodeState, type DeviceState } from "../../src/engine/state.ts";
import { unlockKnowledge, wrapKey } from "../../src/engine/unlock.ts";
import { createMemoryStorage } from "../../src/storage/memory.ts";
import type { DeviceStorage } from "../../src/storage/port.ts";
import {
  activationOf,
  activeDevice,
  pin,
  possession,
  quickCrypto as crypto,
  TestBiometry,
  withPin,
} from "../device.ts";

const pins = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, "0"));

/** Memory storage whose holder can see every record. */
function openStorage(): { readonly storage: DeviceStorage; readonly records: Map<string, Uint8Array> } {
  const inner = createMemoryStorage();
  const records = new Map<string, Uint8Array>();
  const storage: DeviceStorage = {
    ...inner,
    set: async (key, value) => {
      records.set(key, value.slice());
      await inner.set(key, value);
    },
    remove: async (key) => {
      records.delete(key);
      await inner.remove(key);
    },
  };
  return { storage, records };
}

/** Every byte string of 16 bytes or more in the records: whole, decoded from Base64, and as text. */
function storedBytes(records: Iterable<Uint8Array>): Uint8Array[] {
  const found: Uint8Array[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") {
      found.push(fromBase64(value) ?? utf8(value), utf8(value));
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  for (const record of records) visit(JSON.parse(Buffer.from(record).toString()));
  return found.filter(({ length }) => length >= 8);
}

/**
 * The PINs of which something stored confirms the guess: a key, digest or MAC derived from the guess that is stored, or a
 * ciphertext that opens under the guess to something stored, or to padding that is no accident.
 */
function confirmedPins(state: DeviceState, records: Iterable<Uint8Array>, guesses: readonly string[] = pins): string[] {
  const stored = storedBytes(records);
  const known = new Set(stored.flatMap((bytes) => windows(bytes)).map(hex));
  return guesses.filter((guess) => {
    const wrapping = knowledgeWrappingKey(crypto, utf8(guess), state.knowledgeSalt);
    const candidate = unlockKnowledge(crypto, state, utf8(guess));
    const derived = [guess, wrapping, candidate].flatMap((secret) => consequences(secret, state));
    if (derived.some((bytes) => known.has(hex(bytes)))) return true;
    return [wrapping, candidate].some((key) => stored.some((bytes) => opens(key, bytes, known)));
  });
}

function consequences(secret: string | SecretKey, state: DeviceState): Uint8Array[] {
  const bytes = typeof secret === "string" ? utf8(secret) : crypto.secretBytes(secret);
  const digests = [
    crypto.sha256(bytes),
    crypto.sha256(concat(bytes, state.knowledgeSalt)),
    crypto.sha256(concat(state.knowledgeSalt, bytes)),
  ];
  if (typeof secret === "string") return digests;
  const macs = [state.ctrData, state.knowledgeSalt, utf8(state.activationId)].map((data) =>
    crypto.hmacSha256(secret, data),
  );
  const keys = [1, 2, 3, 1000, 2000, 3000, 4000].map((index) => crypto.secretBytes(deriveKey(crypto, secret, index)));
  return [bytes, ...digests, ...macs, ...keys];
}

function opens(key: SecretKey, bytes: Uint8Array, known: ReadonlySet<string>): boolean {
  if (bytes.length % 16 !== 0 || bytes.length < 32) return false;
  const plain = crypto.aesCbcDecrypt(key, new Uint8Array(16), bytes, { padding: true });
  if (plain === undefined) return false;
  // Four bytes of padding come about by accident once in four thousand million guesses.
  return bytes.length - plain.length >= 4 || (plain.length >= 8 && known.has(hex(plain)));
}

function windows(bytes: Uint8Array): Uint8Array[] {
  const starts = bytes.length === 16 || bytes.length > 200 ? [0] : [0, Math.max(0, bytes.length - 16)];
  return starts.map((start) => bytes.subarray(start, start + 8));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(8, bytes.length)).toString("hex");
}

/** A device that has done whatever leaves something behind. */
async function usedDevice() {
  const { storage, records } = openStorage();
  const device = await activeDevice({ storage, biometryProvider: new TestBiometry() });
  const { powerAuth } = device;
  await powerAuth.addBiometryFactor(pin, { promptMessage: "?" });
  await powerAuth.tokenStore.requestAccessToken("knowledge", withPin());
  await powerAuth.tokenStore.requestAccessToken("possession", possession());
  await powerAuth.requestSignature(withPin(), "POST", "/x", "{}");
  await powerAuth.offlineSignature(withPin(), "/x", "AAAAAAAAAAAAAAAAAAAAAA==", "{}");
  await powerAuth.fetchActivationStatus();
  await powerAuth.fetchEncryptionKey(withPin(), 1);
  const state = decodeState(records.get(`${powerAuth.instanceId}/activation`)!);
  return { ...device, records, state };
}

describe("what a device stores", () => {
  test("confirms none of the ten thousand four-digit PINs", async () => {
    const { records, state } = await usedDevice();
    assert.equal(records.size, 2);
    assert.deepEqual(confirmedPins(state, records.values()), []);
  });

  test("gives a different 16-byte key for each PIN, and an error for none", async () => {
    const { peer, state } = await usedDevice();
    const keys = new Map(pins.map((guess) => [hexKey(unlockKnowledge(crypto, state, utf8(guess))), guess]));
    assert.equal(keys.size, pins.length);
    // The right one is among them, so the search above did look at it.
    assert.equal(keys.get(hexKey(activationOf(peer).keys!.knowledge)), pin);
  });

  test("holds neither vault key nor private key nor any factor key but possession in clear", async () => {
    const { peer, records } = await usedDevice();
    const keys = activationOf(peer).keys!;
    const text = storedBytes(records.values())
      .map((bytes) => Buffer.from(bytes).toString("hex"))
      .join(" ");
    for (const name of ["vault", "knowledge", "biometry"] as const) assert.ok(!text.includes(hexKey(keys[name])), name);
    assert.ok(text.includes(hexKey(keys.possession)), "the search finds what is there");
  });

  test("holds one wrapping of the knowledge key: two, under an old and a new PIN, would confirm each other", async () => {
    const { powerAuth, records } = await usedDevice();
    const before = decodeState(records.get(`${powerAuth.instanceId}/activation`)!);
    await powerAuth.changePassword(pin, "2580");
    const after = decodeState(records.get(`${powerAuth.instanceId}/activation`)!);
    assert.notDeepEqual(after.knowledgeSalt, before.knowledgeSalt);
    const stored = storedBytes(records.values()).map((bytes) => Buffer.from(bytes).toString("hex"));
    assert.ok(!stored.includes(Buffer.from(before.wrappedKnowledgeKey).toString("hex")));
  });

  const plants: Record<string, (state: DeviceState, keys: { knowledge: SecretKey; vault: SecretKey }) => unknown> = {
    "a digest of the PIN": (state) => hash(concat(utf8(pin), state.knowledgeSalt)),
    "a digest of the knowledge key": (_, { knowledge }) => hash(crypto.secretBytes(knowledge)),
    "a MAC under the knowledge key": (state, { knowledge }) => base64(crypto.hmacSha256(knowledge, state.ctrData)),
    "the knowledge key itself": (_, { knowledge }) => base64(crypto.secretBytes(knowledge)),
    "a padded wrapping of the activation's id": (state, { knowledge }) =>
      base64(crypto.aesCbcEncrypt(knowledge, new Uint8Array(16), utf8(state.activationId), { padding: true })),
    "the possession key wrapped under the knowledge key, padded": (state, { knowledge }) =>
      base64(crypto.aesCbcEncrypt(knowledge, new Uint8Array(16), state.possessionKey, { padding: true })),
    "a wrapping of the knowledge key with padding": (state, { knowledge }) => {
      const wrapping = knowledgeWrappingKey(crypto, utf8(pin), state.knowledgeSalt);
      return base64(
        crypto.aesCbcEncrypt(wrapping, new Uint8Array(16), crypto.secretBytes(knowledge), { padding: true }),
      );
    },
  };
  for (const [what, plant] of Object.entries(plants)) {
    test(`the search is no blind one: planted beside it, ${what} confirms the PIN`, async () => {
      const { peer, records, state } = await usedDevice();
      const planted = utf8(JSON.stringify({ planted: plant(state, activationOf(peer).keys!) }));
      const some = pins.slice(Number(pin) - 50, Number(pin) + 50);
      assert.deepEqual(confirmedPins(state, [...records.values(), planted], some), [pin]);
    });
  }

  test("is written and read back without loss, and refused when it is damaged or newer", async () => {
    const { state } = await usedDevice();
    assert.deepEqual(decodeState(encodeState(state)), state);
    const record = JSON.parse(Buffer.from(encodeState(state)).toString()) as Record<string, unknown>;
    const decode = (change: Record<string, unknown>) => decodeState(utf8(JSON.stringify({ ...record, ...change })));
    assert.throws(() => decode({ version: 2 }), { code: "activation-data-newer" });
    for (const name of Object.keys(record)) {
      for (const wrong of [undefined, null, 7.5, "AA==", "%"]) {
        if (name === "version" && wrong === 7.5) continue;
        if (name === "activationId" && typeof wrong === "string") continue;
        if (name === "wrappedBiometryKey" && wrong === undefined) continue;
        if (name === "sealedPrivateKey" && wrong === "AA==") continue;
        assert.throws(() => decode({ [name]: wrong }), { code: "activation-data-invalid" }, `${name} ${wrong}`);
      }
    }
    assert.throws(() => decodeState(utf8("no JSON")), { code: "activation-data-invalid" });
    assert.equal(wrapKey(crypto, crypto.secretKey(state.ctrData), crypto.secretKey(state.ctrData)).length, 16);
  });
});

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function hash(bytes: Uint8Array): string {
  return base64(crypto.sha256(bytes));
}

function hexKey(key: SecretKey): string {
  return Buffer.from(crypto.secretBytes(key)).toString("hex");
}
