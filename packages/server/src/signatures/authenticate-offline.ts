/**
 * Verifies a retyped code and commits its outcome together with what it authorises. Counters, counting and races are
 * those of `authenticate.ts`; only what is signed and compared is different.
 */
import { findPowerAuth } from "../activations/activation.ts";
import { concat, fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { proximityOtp } from "@countersign/protocol/operation/proximity";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { ActivationRow } from "../store/store.ts";
import { type AuthenticateDeps, type Authentication, invalid, settle, type SignedAction } from "./authenticate.ts";
import { verifyOffline } from "./verify-offline.ts";

export interface OfflineRequest {
  readonly activationId: string;
  /** Digits of two components, joined by `-`. */
  readonly code: string;
  /** Digits of a component, 4 to 8. */
  readonly length: number;
  /** `POST&uriId&nonce&body`, without a one-time password. */
  readonly base: string;
  /** What the second factor may be; at least one. */
  readonly combinations: readonly FactorCombination[];
  /** The body then ends with the one-time password of this moment, or of a step before. */
  readonly proximity?: ProximityWindow | undefined;
}

export interface ProximityWindow {
  readonly seed: Uint8Array;
  /** Seconds. */
  readonly step: number;
  /** Steps before the current one. */
  readonly backward: number;
}

/**
 * Invalid outcomes are values, as in `authenticate`. One call counts at most once, and only when possession matched.
 * PowerAuth 3.x, offline signatures.
 */
export async function authenticateOffline<T>(
  deps: AuthenticateDeps,
  request: OfflineRequest,
  action: SignedAction<T>,
): Promise<Authentication<T>> {
  const first = await findPowerAuth(deps, request.activationId);
  const stopped = precheck(first);
  if (stopped !== undefined || first === undefined) return stopped ?? invalid("unknown", first);
  const { code, length, combinations } = request;
  const bases = basesOf(deps.crypto, request, await deps.store.now());
  if (bases.length === 0) return invalid("unproven", first);
  const claim = { code, length, combinations, bases };
  const biometryAllowed = combinations.includes("possession_biometry");
  return settle(deps, first, action, {
    precheck,
    tryOn(keys, counter) {
      const { verdict, factors, base } = verifyOffline(deps.crypto, keys, counter, deps.config.lookAhead, claim);
      return { verdict, signed: { factors, base, biometryAllowed } };
    },
  });
}

function precheck(activation: ActivationRow | undefined) {
  if (activation === undefined) return invalid("unknown", undefined);
  return activation.status === "ACTIVE" ? undefined : invalid("state", activation);
}

/** None where a password is asked for and the body cannot carry one. */
function basesOf(crypto: CryptoProvider, { base, proximity }: OfflineRequest, now: number): readonly string[] {
  if (proximity === undefined) return [base];
  const { seed, step, backward } = proximity;
  const start = base.lastIndexOf("&") + 1;
  const body = fromBase64(base.slice(start));
  if (body === undefined) return [];
  return Array.from({ length: backward + 1 }, (_, back) => {
    const otp = proximityOtp(crypto, seed, now - back * step * 1000, { step });
    return base.slice(0, start) + toBase64(concat(body, utf8(`&${otp}`)));
  });
}
