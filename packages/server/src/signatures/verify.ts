/**
 * Says whether a signature is right, and what it proves. Pure: reads no clock, writes nothing.
 *
 * Possession is searched over the window first. Without a match nothing else is looked at: the caller has not shown that
 * it holds the device, so its guess of a PIN is neither evaluated nor counted. With a match at k the other components
 * are compared at k only.
 */
import type { CryptoProvider, SecretKey } from "@countersign/protocol/crypto";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import type { ActivationKeys } from "@countersign/protocol/powerauth/keys";
import {
  type FactorCombination,
  factorsOf,
  findComponent,
  matchesAt,
  parseOnline,
} from "@countersign/protocol/powerauth/signature";
import type { VersionRow } from "@countersign/protocol/powerauth/versions";

export interface SignatureClaim {
  readonly version: VersionRow;
  readonly factors: FactorCombination;
  /** Signature text as it came. */
  readonly signature: string;
  /** Signed bytes, application secret included. */
  readonly data: Uint8Array;
}

export type SignatureVerdict =
  /** Nothing was proved. */
  | { readonly kind: "unproven" }
  /** Possession matched, another factor did not; the counter moves past the match all the same. */
  | { readonly kind: "wrong-factor"; readonly steps: number; readonly nextCounter: Uint8Array }
  /** No possession in the combination, nothing matched: counted, but there is no counter to move. */
  | { readonly kind: "wrong-without-possession" }
  | { readonly kind: "right"; readonly steps: number; readonly nextCounter: Uint8Array };

/** PowerAuth 3.x, verification of a signature over a window of `lookAhead` counter values. */
export function verifySignature(
  crypto: CryptoProvider,
  keys: ActivationKeys,
  counter: Uint8Array,
  lookAhead: number,
  claim: SignatureClaim,
): SignatureVerdict {
  const factors = factorsOf(claim.factors);
  const components = parseOnline(claim.version, claim.signature, factors.length);
  const withPossession = factors[0] === "possession";
  if (components === undefined) return withPossession ? { kind: "unproven" } : { kind: "wrong-without-possession" };

  const factorKeys = factors.map((factor) => keys[factor]);
  if (!withPossession) return searchAll(crypto, claim, factorKeys, counter, lookAhead, components);

  const match = findComponent(
    crypto,
    claim.version,
    keys.possession,
    counter,
    lookAhead,
    claim.data,
    components[0] as string,
  );
  if (match === undefined) return { kind: "unproven" };
  const after = { steps: match.offset + 1, nextCounter: nextCounter(crypto, match.ctr) };
  const right =
    components.length === 1 || matchesAt(crypto, claim.version, factorKeys, match.ctr, claim.data, components);
  return { kind: right ? "right" : "wrong-factor", ...after };
}

/** Back-office verification only: the public listener refuses combinations without possession. */
function searchAll(
  crypto: CryptoProvider,
  claim: SignatureClaim,
  keys: readonly SecretKey[],
  counter: Uint8Array,
  lookAhead: number,
  components: readonly string[],
): SignatureVerdict {
  let ctr = counter;
  for (let offset = 0; offset < lookAhead; offset++) {
    if (matchesAt(crypto, claim.version, keys, ctr, claim.data, components)) {
      return { kind: "right", steps: offset + 1, nextCounter: nextCounter(crypto, ctr) };
    }
    ctr = nextCounter(crypto, ctr);
  }
  return { kind: "wrong-without-possession" };
}
