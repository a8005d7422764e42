/** For front servers that open envelopes themselves: the key of one envelope, handed to a trusted API client. */
import { concat, fromBase64, toBase64, toBase64Url } from "@countersign/protocol/bytes";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { sharedInfo1, sharedInfo2Base } from "@countersign/protocol/powerauth/envelope";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import { x963 } from "@countersign/protocol/powerauth/keys";
import { type Refusal, refuse } from "../errors.ts";
import type { Claim } from "../store/store.ts";
import { type EnvelopeDeps, envelopeWindow, recipientOf } from "./envelope.ts";
import { isWithin, replayClaim } from "./replay.ts";

export interface DecryptorRequest {
  /** `activationId` selects the scope. */
  readonly header: EncryptionHeader;
  readonly temporaryKeyId?: string | undefined;
  /** Base64. */
  readonly ephemeralPublicKey: string;
  readonly nonce?: string | undefined;
  readonly timestamp?: number | undefined;
}

/**
 * 48-byte envelope key and 32-byte base of the second shared info of a request to the generic encryptors, Base64. Each
 * request once. Refuses `invalid-request`, `temporary-key-missing`, `decryption-failed` and `replayed`.
 */
export async function createDecryptor(
  deps: EnvelopeDeps,
  input: DecryptorRequest,
): Promise<{ secretKey: string; sharedInfo2: string } | Refusal> {
  const { crypto, store } = deps;
  const { header, temporaryKeyId, timestamp } = input;
  const { version } = header;
  const ephemeralKey = fromBase64(input.ephemeralPublicKey);
  const nonce = input.nonce === undefined ? undefined : fromBase64(input.nonce);
  const publicKey = ephemeralKey && crypto.importPublicKey(ephemeralKey);
  const complete =
    version.requestNonce === (input.nonce !== undefined) &&
    version.timestamp === (timestamp !== undefined) &&
    version.temporaryKeys === (temporaryKeyId !== undefined);
  if (ephemeralKey === undefined || publicKey === undefined || !complete) return refuse("invalid-request");
  if (version.requestNonce && nonce?.length !== 16) return refuse("invalid-request");

  const inActivation = header.activationId !== undefined;
  const encryptor = inActivation ? encryptorIds.activationGeneric : encryptorIds.applicationGeneric;
  const recipient = await recipientOf(deps, encryptor, header, temporaryKeyId, await store.now());
  if ("refused" in recipient) return recipient;
  const { application, activation } = recipient;
  if (application === undefined || recipient.decoy) return refuse("decryption-failed");

  const window = envelopeWindow(deps.config);
  const claims: Claim[] = [];
  if (timestamp !== undefined && nonce !== undefined) {
    const subject = temporaryKeyId ?? activation?.id ?? application.applicationId;
    const used = toBase64Url(crypto.sha256(concat(ephemeralKey, nonce)).subarray(0, 16));
    claims.push(replayClaim(store.tenant, subject, used, timestamp, window));
  }
  const refused = await store.commit<Refusal | undefined>({
    ...(activation !== undefined && { activationId: activation.id }),
    applicationKey: application.applicationKey,
    claims,
    evaluate(rows, now) {
      const no = (code: "invalid-request" | "replayed" | "decryption-failed") =>
        ({ result: refuse(code), claims: "release" }) as const;
      if (timestamp !== undefined && !isWithin(window, timestamp, now)) return no("invalid-request");
      if (!rows.claimed) return no("replayed");
      const usable = rows.supported === true && (!inActivation || rows.activation?.status === "ACTIVE");
      return usable ? { result: undefined } : no("decryption-failed");
    },
  });
  if (refused !== undefined) return refused;
  const context = {
    version,
    encryptor,
    applicationKey: application.applicationKey,
    applicationSecret: application.applicationSecret,
    activationId: header.activationId,
    transportKey: recipient.transportKey,
    temporaryKeyId,
  };
  const shared = crypto.ecdh(recipient.privateKey, publicKey);
  const envelopeKey = x963(crypto, shared, concat(sharedInfo1(context), ephemeralKey), 48);
  return { secretKey: toBase64(envelopeKey), sharedInfo2: toBase64(sharedInfo2Base(crypto, context)) };
}
