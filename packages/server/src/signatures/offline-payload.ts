/** The text of a QR code for a device without a network: lines that the back office composed, made genuine. */
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { signOfflinePayload } from "@countersign/protocol/operation/offline-qr";
import { proximityOtp } from "@countersign/protocol/operation/proximity";
import { serverKeyOf } from "../activations/keys.ts";
import { masterKeyOf } from "../applications/application.ts";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ActivationRow } from "../store/store.ts";

export interface OfflinePayload {
  /** The lines given, with one-time password, nonce, key indicator and signature. */
  readonly offlineData: string;
  /** Base64, 16 bytes; stands in `offlineData` too. */
  readonly nonce: string;
}

type PayloadDeps = Pick<Deps, "crypto" | "random" | "secrets" | "store">;

export interface PersonalizedPayload {
  readonly activation: ActivationRow;
  readonly data: string;
  /** Base64 of 16 bytes, so that a code can be refreshed and answers to the earlier one still fit. Random when absent. */
  readonly nonce?: string | undefined;
  readonly proximity?: { readonly seed: Uint8Array; /** Seconds. */ readonly step: number } | undefined;
}

/** For one activation, signed by KEY_SERVER_PRIVATE. Refuses `invalid-request` for a nonce that is none. */
export async function personalizedPayload(
  deps: PayloadDeps,
  { activation, data, nonce: given, proximity }: PersonalizedPayload,
): Promise<OfflinePayload | Refusal> {
  const nonce = given === undefined ? deps.random(16) : fromBase64(given);
  if (nonce?.length !== 16) return refuse("invalid-request", "nonce - not 16 bytes as Base64");
  const now = await deps.store.now();
  const totp = proximity && proximityOtp(deps.crypto, proximity.seed, now, { step: proximity.step });
  const offlineData = signOfflinePayload(deps.crypto, serverKeyOf(deps, activation), "1", data, nonce, totp);
  return { offlineData, nonce: toBase64(nonce) };
}

/** For every activation of an application, signed by its master key. Refuses `application-not-found`. */
export async function nonPersonalizedPayload(
  deps: PayloadDeps,
  input: { readonly applicationId: string; readonly data: string },
): Promise<OfflinePayload | Refusal> {
  const masterKey = await masterKeyOf(deps, input.applicationId);
  if (masterKey === undefined) return refuse("application-not-found");
  const nonce = deps.random(16);
  return { offlineData: signOfflinePayload(deps.crypto, masterKey, "0", input.data, nonce), nonce: toBase64(nonce) };
}
