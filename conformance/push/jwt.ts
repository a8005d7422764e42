/** Checks a JWT as a gateway does: the one algorithm it knows, the signature, and that the time is not over. */
import { type KeyObject, verify } from "node:crypto";

export interface Verified {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Undefined where anything is wrong. */
export function verifiedJwt(token: string, key: KeyObject, algorithm: "ES256" | "RS256"): Verified | undefined {
  const [head = "", body = "", signature = ""] = token.split(".");
  try {
    const header = parse(head);
    const claims = parse(body);
    const signed = Buffer.from(`${head}.${body}`);
    const right = verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
    const over = typeof claims.exp === "number" && claims.exp * 1000 <= Date.now();
    return header.alg === algorithm && right && !over ? { header, claims } : undefined;
  } catch {
    return undefined;
  }
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;
}
