/** Renewal in two phases (Approve protocol §11): new keys vouched for by the old `pop`, then the word that they are stored. */
import { digest, exactly, listOf, matches, seconds, shaped, unique, url, uuid } from "./claims.ts";
import { provesEach } from "./enrol.ts";
import type { UnverifiedKeyProof } from "./key-proof.ts";
import { isPublicJwk, keyUses, type KeyUse, type PublicJwk } from "./keys.ts";
import type { Message } from "./message.ts";

export interface RenewPayload {
  readonly cid: string;
  readonly nonce: string;
  readonly iat: number;
  readonly aud: string;
  readonly keys: readonly { readonly use: KeyUse; readonly jwk: PublicJwk }[];
}

const payloadShape = {
  required: {
    cid: uuid,
    nonce: unique,
    iat: seconds,
    aud: url,
    keys: listOf(shaped({ required: { use: exactly(...keyUses), jwk: isPublicJwk } }), 4, 4),
  },
};

/** `by` is the kid that vouches: the last signature's. Undefined when anything is off. */
export function readRenewPayload({
  payload,
  signatures,
}: UnverifiedKeyProof): { readonly renewal: RenewPayload; readonly by: string } | undefined {
  if (!matches(payload, payloadShape)) return undefined;
  const renewal = payload as unknown as RenewPayload;
  const by = signatures.at(-1)?.kid;
  if (by === undefined || signatures.length !== renewal.keys.length + 1) return undefined;
  return provesEach(renewal.keys, signatures) ? { renewal, by } : undefined;
}

export interface RenewAckClaims {
  readonly iss: string;
  readonly aud: string;
  readonly cid: string;
  readonly transcript: string;
  readonly iat: number;
}

export const renewAck: Message<RenewAckClaims> = {
  typ: "apv-renew-ack+jwt",
  shape: { required: { iss: uuid, aud: url, cid: uuid, transcript: digest, iat: seconds } },
};
