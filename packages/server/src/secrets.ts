/**
 * Secrets at rest. Each is sealed with AES-256-GCM under a key of its own, derived from the master key and the place it
 * is stored at; the place is authenticated too, so a ciphertext moved to another table, column or row does not open.
 *
 * Sealed text is Base64 of: version (1 byte), key id (4 bytes), nonce (12 bytes), ciphertext, tag (16 bytes).
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { StoreError } from "./store/errors.ts";

export interface Place {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

export interface Secrets {
  /** Tells which master key sealed a text. Reveals nothing of it. */
  readonly keyId: string;
  seal(place: Place, plaintext: Uint8Array): string;
  /** Throws when the text was sealed elsewhere, with another master key, or was changed. */
  open(place: Place, sealed: string): Uint8Array;
  /** Keyed hash, Base64url, for secrets that only ever need to be compared. */
  hash(label: string, text: string): string;
}

const formatVersion = 1;
const headBytes = 5;
const nonceBytes = 12;
const tagBytes = 16;

/** `masterKey` is 32 bytes as Base64. Throws MASTER_KEY_INVALID. */
export function createSecrets(masterKey: string, random: RandomBytes): Secrets {
  const bytes = Buffer.from(masterKey, "base64");
  if (bytes.length !== 32 || bytes.toString("base64") !== masterKey) {
    throw new StoreError("MASTER_KEY_INVALID", "The master key is not 32 bytes in Base64.");
  }
  const master = createSecretKey(bytes);
  const keyId = createHash("sha256").update("countersign master key id").update(bytes).digest().subarray(0, 4);
  const head = Buffer.concat([Buffer.of(formatVersion), keyId]);
  const hashKey = derive(master, "hash");
  return {
    keyId: keyId.toString("hex"),
    seal(place, plaintext) {
      const bound = boundTo(place);
      const nonce = random(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", derive(master, `seal ${bound}`), nonce).setAAD(Buffer.from(bound));
      const sealed = Buffer.concat([head, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return sealed.toString("base64");
    },
    open(place, sealed) {
      const all = Buffer.from(sealed, "base64");
      if (all.length < headBytes + nonceBytes + tagBytes || !all.subarray(0, headBytes).equals(head)) {
        throw new Error(`${place.table}.${place.column} was sealed with another master key or format`);
      }
      const bound = boundTo(place);
      const nonce = all.subarray(headBytes, headBytes + nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", derive(master, `seal ${bound}`), nonce);
      decipher.setAAD(Buffer.from(bound)).setAuthTag(all.subarray(-tagBytes));
      const plain = Buffer.concat([decipher.update(all.subarray(headBytes + nonceBytes, -tagBytes)), decipher.final()]);
      return new Uint8Array(plain);
    },
    hash: (label, text) => createHmac("sha256", hashKey).update(boundTo({ table: label, column: "", row: text })).digest("base64url"),
  };
}

function derive(master: KeyObject, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync("sha256", master, Buffer.alloc(0), `countersign ${info}`, 32)));
}

/** Unambiguous: JSON separates the parts. */
function boundTo({ table, column, row }: Place): string {
  return JSON.stringify([table, column, row]);
}
