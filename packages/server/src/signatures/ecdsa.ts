/** Asymmetric signatures of an activation's two key pairs: the server's signs, the device's is verified. */
import { type Bytes, fromBase64, toBase64 } from "@countersign/protocol/bytes";
import type { SignatureFormat } from "@countersign/protocol/crypto";
import { serverKeyOf } from "../activations/keys.ts";
import type { Deps } from "../deps.ts";
import type { ActivationRow } from "../store/store.ts";

/** Base64 of a DER signature by KEY_SERVER_PRIVATE: the device verifies it with the key it got at the key exchange. */
export function signWithServerKey(
  deps: Pick<Deps, "secrets" | "crypto">,
  activation: ActivationRow,
  data: Bytes,
): string {
  return toBase64(deps.crypto.sign(serverKeyOf(deps, activation), data, "der"));
}

/**
 * Whether `signature` over `data` is by the device's key. In any state from the key exchange on: what a device signed
 * stays signed after its removal. False before.
 */
export function isSignedByDevice(
  deps: Pick<Deps, "crypto">,
  activation: Pick<ActivationRow, "device_public_key">,
  data: Bytes,
  signature: Bytes,
  format: SignatureFormat,
): boolean {
  const key = deps.crypto.importPublicKey(fromBase64(activation.device_public_key ?? "") ?? new Uint8Array());
  return key !== undefined && deps.crypto.verify(key, data, signature, format);
}
