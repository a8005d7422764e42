/** The derived keys of an activation: stored sealed, kept as key objects, never derived on the hot path. */
import { concat, fromBase64 } from "@countersign/protocol/bytes";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import type { ActivationKeys } from "@countersign/protocol/powerauth/keys";
import type { CryptoProvider, PrivateKey } from "@countersign/protocol/crypto";
import type { Deps } from "../deps.ts";
import type { Secrets } from "../keys/secrets.ts";
import type { ActivationRow } from "../store/store.ts";

/** Order of the 16-byte keys in `activation.keys_sealed`. */
const keyNames = ["possession", "knowledge", "biometry", "transport", "vault", "transportIv", "transportCtr"] as const;
const keyBytes = 16;

export interface ActivationKeyCache {
  /** Keys of an activation that has been prepared. They never change, so a cached entry is never stale. */
  keysOf(activation: ActivationRow): ActivationKeys;
  /** Decimal fingerprint of both public keys, by which a person can compare them. */
  fingerprintOf(activation: ActivationRow): string;
}

/** Ciphertext for `activation.keys_sealed`. */
export function sealActivationKeys(
  secrets: Secrets,
  crypto: CryptoProvider,
  activationId: string,
  keys: ActivationKeys,
): string {
  return secrets.seal(place(activationId), concat(...keyNames.map((name) => crypto.secretBytes(keys[name]))));
}

/** Keeps what belongs to the `capacity` activations used last. */
export function activationKeyCache(secrets: Secrets, crypto: CryptoProvider, capacity = 20_000): ActivationKeyCache {
  const cache = new Map<string, { keys: ActivationKeys; fingerprint: string }>();
  const entryOf = (activation: ActivationRow) => {
    const cached = cache.get(activation.id);
    if (cached !== undefined) return cached;
    const entry = {
      keys: openActivationKeys(secrets, crypto, activation),
      fingerprint: fingerprint(crypto, activation),
    };
    cache.set(activation.id, entry);
    if (cache.size > capacity) cache.delete(cache.keys().next().value as string);
    return entry;
  };
  return {
    keysOf: (activation) => entryOf(activation).keys,
    fingerprintOf: (activation) => entryOf(activation).fingerprint,
  };
}

function fingerprint(crypto: CryptoProvider, activation: ActivationRow): string {
  const device = crypto.importPublicKey(fromBase64(activation.device_public_key ?? "") ?? new Uint8Array());
  const server = crypto.importPublicKey(fromBase64(activation.server_public_key) ?? new Uint8Array());
  if (device === undefined || server === undefined) throw new Error("Stored public key of an activation is not valid");
  return activationFingerprint(crypto, device, activation.id, server);
}

function openActivationKeys(secrets: Secrets, crypto: CryptoProvider, activation: ActivationRow): ActivationKeys {
  if (activation.keys_sealed === null) throw new Error("Activation has no keys before it is prepared");
  const bytes = secrets.open(place(activation.id), activation.keys_sealed);
  const key = (index: number) => crypto.secretKey(bytes.slice(index * keyBytes, (index + 1) * keyBytes));
  return Object.fromEntries(keyNames.map((name, index) => [name, key(index)])) as unknown as ActivationKeys;
}

function place(activationId: string): { table: string; column: string; row: string } {
  return { table: "activation", column: "keys_sealed", row: activationId };
}

/** KEY_SERVER_PRIVATE of an activation, opened for one use. */
export function serverKeyOf(
  deps: Pick<Deps, "secrets" | "crypto">,
  activation: Pick<ActivationRow, "id" | "server_private_sealed">,
): PrivateKey {
  const bytes = deps.secrets.open(serverKeyPlace(activation.id), activation.server_private_sealed);
  const key = deps.crypto.importPrivateKey(bytes);
  if (key === undefined) throw new Error("Stored server key of an activation is not valid");
  return key;
}

/** Where the ciphertext of KEY_SERVER_PRIVATE is bound to. */
export function serverKeyPlace(activationId: string): { table: string; column: string; row: string } {
  return { table: "activation", column: "server_private_sealed", row: activationId };
}
