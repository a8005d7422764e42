/**
 * Secrets at rest. Each is sealed with AES-256-GCM under a key of its own, derived from the master key and the place it
 * is stored at; the place is authenticated too, so a text moved to another table, column or row does not open.
 *
 * Sealed text is Base64 of: version (1 byte), key id (4 bytes), nonce (12 bytes), ciphertext, tag (16 bytes).
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { StoreError } from "../store/errors.ts";

export interface Place {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

export interface Secrets {
  /** Tells which master key seals. Reveals nothing of it. */
  readonly keyId: string;
  seal(place: Place, plaintext: Uint8Array): string;
  /** Throws when the text was sealed elsewhere, with an unknown master key, or was changed. */
  open(place: Place, sealed: string): Uint8Array;
  /** Key id of the master key a text was sealed with. */
  keyIdOf(sealed: string): string;
  /** Keyed hash, Base64url, for secrets that only ever need to be compared. */
  hash(label: string, text: string): string;
}

export interface SecretsOptions {
  /** Master keys that still open what they sealed, while a rotation is under way. */
  readonly previous?: readonly string[];
  /** Key of the keyed hash: it outlives the master key. Derived from the master key when absent. */
  readonly hashKey?: Uint8Array;
}

const formatVersion = 1;
const headBytes = 5;
const nonceBytes = 12;
const tagBytes = 16;

/** `masterKey` is 32 bytes as Base64. Throws MASTER_KEY_INVALID. */
export function createSecrets(masterKey: string, random: RandomBytes, options: SecretsOptions = {}): Secrets {
  const current = readMasterKey(masterKey);
  const known = new Map([current, ...(options.previous ?? []).map(readMasterKey)].map((one) => [one.id, one.key]));
  const head = Buffer.concat([Buffer.of(formatVersion), Buffer.from(current.id, "hex")]);
  const hashKey = options.hashKey ? createSecretKey(options.hashKey) : derive(current.key, "hash");
  return {
    keyId: current.id,
    keyIdOf,
    seal(place, plaintext) {
      const bound = boundTo(place);
      const nonce = random(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", derive(current.key, `seal ${bound}`), nonce);
      cipher.setAAD(Buffer.from(bound));
      const sealed = Buffer.concat([head, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return sealed.toString("base64");
    },
    open(place, sealed) {
      const all = Buffer.from(sealed, "base64");
      const key = all[0] === formatVersion ? known.get(keyIdOf(sealed)) : undefined;
      if (key === undefined || all.length < headBytes + nonceBytes + tagBytes) {
        throw new Error(`${place.table}.${place.column} was sealed with another master key or format`);
      }
      const bound = boundTo(place);
      const nonce = all.subarray(headBytes, headBytes + nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", derive(key, `seal ${bound}`), nonce, {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(bound)).setAuthTag(all.subarray(-tagBytes));
      const plain = Buffer.concat([decipher.update(all.subarray(headBytes + nonceBytes, -tagBytes)), decipher.final()]);
      return new Uint8Array(plain);
    },
    hash: (label, text) =>
      createHmac("sha256", hashKey)
        .update(JSON.stringify([label, text]))
        .digest("base64url"),
  };
}

/** A value that only the right master key makes and that tells nothing of it: stored, and compared at every start. */
export function masterKeyCheck(masterKey: string): string {
  return derive(readMasterKey(masterKey).key, "check").export().toString("base64url");
}

/** HKDF (RFC 5869) in its two steps: the first is the same for every place, the second one block long. */
function readMasterKey(masterKey: string): { id: string; key: KeyObject } {
  const bytes = Buffer.from(masterKey, "base64");
  if (bytes.length !== 32 || bytes.toString("base64") !== masterKey) {
    throw new StoreError("MASTER_KEY_INVALID", "The master key is not 32 bytes in Base64.");
  }
  const key = createSecretKey(createHmac("sha256", Buffer.alloc(32)).update(bytes).digest());
  return { id: hash("sha256", derive(key, "id").export(), "hex").slice(0, 8), key };
}

function keyIdOf(sealed: string): string {
  return Buffer.from(sealed.slice(0, 8), "base64").toString("hex", 1, headBytes);
}

function derive(key: KeyObject, info: string): KeyObject {
  return createSecretKey(createHmac("sha256", key).update(`countersign ${info}\u0001`).digest());
}

/** Unambiguous: JSON separates the parts. */
function boundTo({ table, column, row }: Place): string {
  return JSON.stringify([table, column, row]);
}
