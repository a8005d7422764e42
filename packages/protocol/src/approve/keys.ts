/** Public keys of devices and servers, and what each of a container's four is for (Approve protocol §2). */
import { toBase64Url, utf8, type Bytes } from "../bytes.ts";
import { bytesOf, exactly, matches, text } from "./claims.ts";

/** `auth` for logins and direct signing, `tx` for transactions, `enc` to be encrypted to, `pop` to prove the device. */
export type KeyUse = "auth" | "tx" | "enc" | "pop";

export const keyUses: readonly KeyUse[] = ["auth", "tx", "enc", "pop"];

/** P-256, with these members only (APV-ENR-3). */
export interface PublicJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

export interface NamedJwk extends PublicJwk {
  readonly kid: string;
}

const members = { kty: exactly("EC"), crv: exactly("P-256"), x: bytesOf(32), y: bytesOf(32) };

/** Whether the point is on the curve is found when the key is imported. */
export function isPublicJwk(value: unknown): value is PublicJwk {
  return matches(value, { required: members });
}

export function isNamedJwk(value: unknown): value is NamedJwk {
  return matches(value, { required: { ...members, kid: text(64) } });
}

/** RFC 7638, SHA-256: names server keys. */
export function thumbprint(sha256: (data: Bytes) => Bytes, { kty, crv, x, y }: PublicJwk): string {
  return toBase64Url(sha256(utf8(JSON.stringify({ crv, kty, x, y }))));
}

export function sameJwk(a: PublicJwk, b: PublicJwk): boolean {
  return a.x === b.x && a.y === b.y;
}
