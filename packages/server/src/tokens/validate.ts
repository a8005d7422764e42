/**
 * Validates the digest of a token header, once per nonce (PowerAuth 3.x, tokens).
 *
 * A right digest proves the device that made the token. Whether the token still exists and its activation is ACTIVE is
 * read in the commit that remembers the nonce.
 */
import { equalBytes, toBase64 } from "@countersign/protocol/bytes";
import type { TokenHeader } from "@countersign/protocol/powerauth/headers";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import type { Deps } from "../deps.ts";
import { isWithin, replayClaim, type TimeWindow } from "../encryption/replay.ts";
import type { ActivationRow, Claim, HotRows, TokenRow } from "../store/store.ts";

export type TokenValidation =
  | {
      readonly valid: true;
      readonly tokenId: string;
      readonly activation: ActivationRow;
      /** With which the token was made. */
      readonly factors: FactorCombination;
      /** The server's time of the check. */
      readonly now: number;
    }
  | {
      readonly valid: false;
      readonly reason: "unknown" | "digest" | "time" | "version" | "replayed" | "state" | "application";
      /** Of a known token. For a trusted back office only: strangers learn nothing but that the token is wrong. */
      readonly activation?: ActivationRow;
      readonly factors?: FactorCombination;
      /** Whether the digest was right: then the caller holds the device, and its address pays nothing. */
      readonly proven: boolean;
    };

type ValidateDeps = Pick<Deps, "config" | "store" | "crypto" | "tokenKeys">;

/** What else must hold in the same commit, for requests that are encrypted besides. */
export interface TokenConditions {
  /** Further claims, such as the envelope's; one that is not new makes the request `replayed`. */
  readonly claims?: readonly Claim[];
  /** Of a version that must be supported. */
  readonly applicationKey?: string;
}

export async function validateToken(
  deps: ValidateDeps,
  header: TokenHeader,
  more: TokenConditions = {},
): Promise<TokenValidation> {
  const { crypto, store } = deps;
  const token = await store.findToken(header.tokenId.toLowerCase());
  // An unknown token costs as much as a wrong digest.
  const secret = token === undefined ? crypto.secretKey(new Uint8Array(16)) : deps.tokenKeys.keyOf(token);
  const expected = tokenDigest(crypto, header.version, secret, header.nonce, header.timestamp);
  const right = equalBytes(expected, header.tokenDigest);
  // Both ways read the same rows, too.
  const holder = right ? {} : await activationOf(deps, token);
  if (token === undefined) return { valid: false, reason: "unknown", proven: false };
  const factors = token.signature_type as FactorCombination;
  const known = { valid: false, factors, proven: right } as const;
  if (!right) return { ...known, reason: "digest", ...holder };

  const window = tokenWindow(deps.config);
  const signedAt = Number(header.timestamp);
  return store.commit<TokenValidation>({
    tokenId: token.id,
    activationId: token.activation_id,
    claims: [replayClaim(store.tenant, token.id, toBase64(header.nonce), signedAt, window), ...(more.claims ?? [])],
    ...(more.applicationKey !== undefined && { applicationKey: more.applicationKey }),
    evaluate(rows, now) {
      const { activation } = rows;
      const refused = reasonToRefuse(header, more, rows, isWithin(window, signedAt, now));
      if (refused === undefined && activation !== undefined) {
        return { result: { valid: true, tokenId: token.id, activation, factors, now } };
      }
      const seen = activation === undefined ? known : { ...known, activation };
      // What is not accepted uses up no nonce, so that refused requests leave nothing behind.
      return { result: { ...seen, reason: refused ?? "unknown" }, claims: "release" };
    },
  });
}

/** What stands against a header whose digest is right, as of the commit. */
function reasonToRefuse(
  header: TokenHeader,
  more: TokenConditions,
  { token, activation, supported, claimed }: HotRows,
  inTime: boolean,
): Extract<TokenValidation, { valid: false }>["reason"] | undefined {
  if (token === undefined || activation === undefined) return "unknown";
  if (!inTime) return "time";
  if (isBelowFloor(header, activation)) return "version";
  if (activation.status !== "ACTIVE") return "state";
  if (more.applicationKey !== undefined && supported !== true) return "application";
  return claimed ? undefined : "replayed";
}

export function tokenWindow(config: Pick<Deps["config"], "tokenSeconds" | "tokenSkewSeconds">): TimeWindow {
  return { age: config.tokenSeconds * 1000, skew: config.tokenSkewSeconds * 1000 };
}

async function activationOf(
  deps: Pick<Deps, "store">,
  token: TokenRow | undefined,
): Promise<{ activation?: ActivationRow }> {
  const activation = await deps.store.findActivation(token?.activation_id ?? noActivation);
  return activation === undefined ? {} : { activation };
}

const noActivation = "00000000-0000-0000-0000-000000000000";

/** An older digest does not cover the version: one recorded from an old client is not taken for a new one's. */
function isBelowFloor(header: TokenHeader, activation: ActivationRow): boolean {
  const floor = versionRow(activation.version_floor ?? header.version.version);
  return floor === undefined || header.version.order < floor.order;
}
