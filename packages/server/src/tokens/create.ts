/** Makes a token: a secret by which a device proves itself in requests that no person approves, such as lists. */
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { encryptorIds, type EncryptedResponse } from "@countersign/protocol/powerauth/ecies";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { EventDraft } from "../audit/event.ts";
import type { Deps } from "../deps.ts";
import { type EnvelopeDeps, openEnvelope } from "../encryption/envelope.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { newId, userBucket } from "../ids.ts";
import { authenticate, type Authentication, evidenceData, type SignedRequest } from "../signatures/authenticate.ts";
import type { TokenTable } from "../store/schema.ts";
import type { ActivationRow } from "../store/store.ts";
import { tokenPlace } from "./keys.ts";

export interface NewToken {
  readonly tokenId: string;
  /** Base64, 16 bytes. Leaves the server once, encrypted. */
  readonly tokenSecret: string;
  /** The server's time of the commit. */
  readonly now: number;
}

/** Signature, counter and token in one commit. The token remembers the factors of the signature. */
export function createToken(
  deps: Parameters<typeof authenticate>[0] & Pick<Deps, "secrets">,
  request: SignedRequest,
): Promise<Authentication<NewToken>> {
  return authenticate<NewToken>(deps, "public", request, {
    accepted(proof, _rows, now) {
      const { row, token } = draftToken(deps, proof.activation, proof.factors, now);
      const event = tokenEvent("token.created", row, proof.activation, evidenceData(proof));
      return { result: token, writes: { newToken: row, events: [event] } };
    },
  });
}

export interface TokenForBackOffice {
  /** With the activation's id. */
  readonly header: EncryptionHeader;
  /** Encrypted by the device for `/pa/token/create`. */
  readonly cryptogram: unknown;
  /** Factors that the front server has verified. */
  readonly factors: FactorCombination;
  readonly clientId?: string | undefined;
}

/**
 * For a front server that verified the signature itself. Returns the encrypted answer for the device. Refuses as
 * `openEnvelope` does, `replayed`, `version-not-supported` and `activation-state`.
 */
export async function createTokenForBackOffice(
  deps: EnvelopeDeps,
  input: TokenForBackOffice,
): Promise<EncryptedResponse | Refusal> {
  const opened = await openEnvelope(deps, encryptorIds.tokenCreate, input.header, input.cryptogram);
  if (isRefusal(opened)) return opened;
  if (opened.activation === undefined) throw new TypeError("The encryptor is not of activation scope");
  const token = await deps.store.commit<NewToken | Refusal>({
    activationId: opened.activation.id,
    applicationKey: opened.application.applicationKey,
    claims: opened.claims,
    evaluate({ claimed, supported, activation }, now) {
      if (!claimed) return { result: refuse("replayed") };
      if (supported !== true) return { result: refuse("version-not-supported"), claims: "release" };
      if (activation?.status !== "ACTIVE") return { result: refuse("activation-state"), claims: "release" };
      const { row, token: made } = draftToken(deps, activation, input.factors, now);
      const event = tokenEvent("token.created", row, activation, { clientId: input.clientId });
      return { result: made, writes: { newToken: row, events: [event] } };
    },
  });
  return isRefusal(token) ? token : opened.seal(tokenPlaintext(token), token.now);
}

/** What the device finds in the encrypted answer. */
export function tokenPlaintext({ tokenId, tokenSecret }: NewToken): Uint8Array {
  return utf8(JSON.stringify({ tokenId, tokenSecret }));
}

function draftToken(
  deps: Pick<Deps, "random" | "secrets">,
  activation: ActivationRow,
  factors: FactorCombination,
  now: number,
): { readonly row: TokenTable; readonly token: NewToken } {
  const { tenant } = activation;
  const tokenId = newId(deps.random, userBucket(tenant, activation.user_id));
  const secret = deps.random(16);
  const row: TokenTable = {
    tenant,
    id: tokenId,
    activation_id: activation.id,
    signature_type: factors,
    secret_sealed: deps.secrets.seal(tokenPlace(tokenId), secret),
    created_at: now,
  };
  return { row, token: { tokenId, tokenSecret: toBase64(secret), now } };
}

/** One shape of data for both token events. */
export function tokenEvent(
  type: "token.created" | "token.removed",
  token: Pick<TokenTable, "id" | "signature_type">,
  activation: Pick<ActivationRow, "id" | "user_id" | "application_id">,
  more: Readonly<Record<string, unknown>>,
): EventDraft {
  return {
    type,
    subject: activation.id,
    applications: [activation.application_id],
    data: {
      tokenId: token.id,
      activationId: activation.id,
      userId: activation.user_id,
      factors: token.signature_type,
      ...more,
    },
  };
}
