/**
 * Says whether a retyped code is right, and what it proves. Pure, like `verify.ts`, and in the same order: possession is
 * searched over the window first, and the second factor is looked at only where possession matches.
 *
 * A code has few digits, so that possession can match at a wrong place by chance: every match is looked at.
 */
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { offlineSecret } from "@countersign/protocol/operation/offline-qr";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import type { ActivationKeys } from "@countersign/protocol/powerauth/keys";
import {
  type FactorCombination,
  factorKeys,
  matchesOfflineAt,
  parseOffline,
  signedData,
} from "@countersign/protocol/powerauth/signature";
import type { SignatureVerdict } from "./verify.ts";

export interface OfflineClaim {
  /** Two components, joined by `-`. */
  readonly code: string;
  /** Digits of a component. */
  readonly length: number;
  /** `POST&uriId&nonce&body`, one for each one-time password that may stand in the body. */
  readonly bases: readonly string[];
  /** What the second factor may be. */
  readonly combinations: readonly FactorCombination[];
}

export interface OfflineVerdict {
  readonly verdict: Exclude<SignatureVerdict, { readonly kind: "wrong-without-possession" }>;
  /** What was proved and signed; the first of each that was possible where nothing was. */
  readonly factors: FactorCombination;
  readonly base: string;
}

/** PowerAuth 3.x, offline signatures. */
export function verifyOffline(
  crypto: CryptoProvider,
  keys: ActivationKeys,
  counter: Uint8Array,
  lookAhead: number,
  claim: OfflineClaim,
): OfflineVerdict {
  const { length, combinations } = claim;
  const [firstBase] = claim.bases;
  const [firstFactors] = combinations;
  if (firstBase === undefined || firstFactors === undefined) throw new RangeError("Nothing that could be right");
  let best: OfflineVerdict = { verdict: { kind: "unproven" }, factors: firstFactors, base: firstBase };
  const components = parseOffline(claim.code, 2, length);
  if (components === undefined) return best;

  const signed = claim.bases.map((base) => ({ base, data: signedData(base, offlineSecret) }));
  let ctr = counter;
  for (let offset = 0; offset < lookAhead; offset++) {
    const next = nextCounter(crypto, ctr);
    for (const { base, data } of signed) {
      if (!matchesOfflineAt(crypto, [keys.possession], ctr, data, components.slice(0, 1), length)) continue;
      const matches = (factors: FactorCombination) =>
        matchesOfflineAt(crypto, factorKeys(keys, factors), ctr, data, components, length);
      const factors = combinations.find(matches);
      const after = { steps: offset + 1, nextCounter: next };
      if (factors !== undefined) return { verdict: { kind: "right", ...after }, factors, base };
      if (best.verdict.kind === "unproven") {
        best = { verdict: { kind: "wrong-factor", ...after }, factors: firstFactors, base };
      }
    }
    ctr = next;
  }
  return best;
}
