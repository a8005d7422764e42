/** What an ID token says, once everything about it is right (OpenID Connect Core 1.0, 3.1.3.7). */
import { createHash } from "node:crypto";
import { jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { isName } from "../applications/application.ts";

export interface ExpectedToken {
  readonly issuer: string;
  readonly clientId: string;
  /** Whatever the token says about it. */
  readonly algorithm: string;
  /** Drawn for this log-in. */
  readonly nonce: string;
  readonly keys: JWTVerifyGetKey;
  /** That came with it. */
  readonly accessToken: unknown;
  /** Epoch ms. */
  readonly now: number;
}

export type IdClaims = JWTPayload & { readonly sub: string };

const skewSeconds = 30;

/** Undefined where anything is wrong. */
export async function verifiedClaims(token: string, expected: ExpectedToken): Promise<IdClaims | undefined> {
  const { issuer, clientId, algorithm, nonce, keys, accessToken, now } = expected;
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: [algorithm],
      issuer,
      audience: clientId,
      requiredClaims: ["exp", "iat", "sub", "nonce"],
      clockTolerance: skewSeconds,
      currentDate: new Date(now),
    });
    const several = Array.isArray(payload.aud) && payload.aud.length > 1;
    if ((several || payload.azp !== undefined) && payload.azp !== clientId) return undefined;
    if (payload.nonce !== nonce) return undefined;
    if (payload.at_hash !== undefined && payload.at_hash !== halfHash(algorithm, accessToken)) return undefined;
    const { sub } = payload;
    return typeof sub === "string" && isName(sub) ? { ...payload, sub } : undefined;
  } catch {
    return undefined;
  }
}

/** OpenID Connect Core 1.0, 3.1.3.6: the left half of the hash that goes with the algorithm. */
function halfHash(algorithm: string, accessToken: unknown): string | undefined {
  if (typeof accessToken !== "string") return undefined;
  const bits = /\d{3}$/.exec(algorithm)?.[0] ?? "512";
  const hash = createHash(`sha${bits}`).update(accessToken, "ascii").digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}
