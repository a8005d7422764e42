/** From passwords and the device secret to keys (APV-LOCK-1). Callers wipe what they get. */
import { argon2id } from "@countersign/protocol/argon2";
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from "@countersign/protocol/bytes";
import { hkdf } from "@countersign/protocol/hkdf";
import { deviceCost, type VaultDeps } from "./deps.ts";
import { lost, type Guard, type PasswordHash, type VaultRecord } from "./record.ts";

export function newKdf({ random, cost = deviceCost }: VaultDeps): Guard["kdf"] {
  return { memory: cost.memory, passes: cost.passes, salt: toBase64Url(random(16)) };
}

/** HKDF(Argon2id(password, salt), device secret). */
export async function passwordKey(
  deps: VaultDeps,
  record: VaultRecord,
  kdf: Guard["kdf"],
  password: Bytes,
  purpose = "password",
): Promise<Bytes> {
  const stretched = await argon2id(password, decoded(kdf.salt), kdf);
  return derive(deps, record, stretched, purpose);
}

/** For keys that no person has to unlock. */
export function deviceKey(deps: VaultDeps, record: VaultRecord): Bytes {
  return derive(deps, record, new Uint8Array(0), "device");
}

/** For the key that the platform releases to a person it has recognised. Wipes `released`. */
export function biometryKey(deps: VaultDeps, record: VaultRecord, released: Bytes): Bytes {
  return derive(deps, record, released, "biometry");
}

/** For the history: says nothing about the key of the same password. */
export async function hashPassword(
  deps: VaultDeps,
  record: VaultRecord,
  kdf: Guard["kdf"],
  password: Bytes,
): Promise<PasswordHash> {
  const hash = await passwordKey(deps, record, kdf, password, "history");
  return { ...kdf, hash: toBase64Url(hash) };
}

export function decoded(text: string): Bytes {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw lost();
  return bytes;
}

function derive({ crypto }: VaultDeps, record: VaultRecord, input: Bytes, purpose: string): Bytes {
  const secret = decoded(record.deviceSecret);
  const joined = concat(input, secret);
  const key = hkdf(crypto, joined, new Uint8Array(0), utf8(`countersign approve ${purpose}`), 32);
  for (const bytes of [input, secret, joined]) bytes.fill(0);
  return key;
}
