/**
 * Who has copied a device's storage, under a silent lock (APV-LOCK-2): derives what each password would open, and looks
 * whether anything that is stored tells one of them from the others. Written from the protocol page (APV-LOCK-1, -2),
 * without the client.
 */
import { verify } from "node:crypto";
import { argon2id } from "@countersign/protocol/argon2";
import { publicJwk, unmaskScalar } from "@countersign/protocol/approve/at-rest";
import type { PublicJwk } from "@countersign/protocol/approve/keys";
import { concat, fromBase64Url, fromUtf8, toHex, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { hkdf } from "@countersign/protocol/hkdf";

export type Copy = ReadonlyMap<string, Uint8Array>;

interface Keys {
  readonly deviceSecret: string;
  readonly policies: Record<string, { guard?: { kdf: { salt: string; memory: number; passes: number } } }>;
  readonly entries: readonly { id: string; use: string; policyId: string; held: { how: string; masked?: string } }[];
}

interface Found {
  /** All windows of eight bytes, in hexadecimal. */
  readonly windows: Set<string>;
  readonly signed: { readonly data: Uint8Array; readonly signature: Uint8Array }[];
}

/** How many keys lie under a silent lock. */
export function maskedKeys(copy: Copy): number {
  return vaultsOf(copy).reduce(
    (sum, { entries }) => sum + entries.filter(({ held }) => held.how === "masked").length,
    0,
  );
}

/** Those of the passwords of which something in the copy says that they are right. */
export async function confirmed(copy: Copy, passwords: readonly string[]): Promise<string[]> {
  const found = searched(copy);
  const right: string[] = [];
  for (const password of passwords) {
    const keys = await Promise.all(vaultsOf(copy).map((vault) => keysUnder(vault, password)));
    if (keys.flat().some((one) => isConfirmed(found, one))) right.push(password);
  }
  return right;
}

function isConfirmed({ windows, signed }: Found, { scalar, jwk }: { scalar: Uint8Array; jwk: PublicJwk }): boolean {
  const { crv, kty, x, y } = jwk;
  const thumbprint = crypto.sha256(utf8(JSON.stringify({ crv, kty, x, y })));
  const [left, right] = [fromBase64Url(x)!, fromBase64Url(y)!];
  const consequences = [scalar, crypto.sha256(scalar), left, right, crypto.sha256(left), thumbprint, utf8(x), utf8(y)];
  if (consequences.some((bytes) => windows.has(toHex(bytes.subarray(0, 8))))) return true;
  const key = { key: { ...jwk }, format: "jwk", dsaEncoding: "ieee-p1363" } as const;
  return signed.some(({ data, signature }) => verify("sha256", data, key, signature));
}

async function keysUnder({ deviceSecret, policies, entries }: Keys, password: string) {
  const keys: { scalar: Uint8Array; jwk: PublicJwk }[] = [];
  for (const { id, use, policyId, held } of entries) {
    const kdf = policies[policyId]?.guard?.kdf;
    if (held.how !== "masked" || use === "otp" || kdf === undefined) continue;
    const stretched = await argon2id(utf8(password), fromBase64Url(kdf.salt)!, kdf);
    const joined = concat(stretched, fromBase64Url(deviceSecret)!);
    const key = hkdf(crypto, joined, new Uint8Array(0), utf8("countersign approve password"), 32);
    const scalar = unmaskScalar(crypto, key, id, fromBase64Url(held.masked!)!);
    const jwk = publicJwk(crypto, scalar);
    if (jwk === undefined) throw new Error("A password that yields no key tells itself from others");
    keys.push({ scalar, jwk });
  }
  return keys;
}

function vaultsOf(copy: Copy): Keys[] {
  return [...copy].filter(([name]) => name.endsWith("/approve-keys")).map(([, bytes]) => JSON.parse(fromUtf8(bytes)!));
}

/** Texts, what they are as JSON or Base64url, and what that holds, down to the bottom. */
function searched(copy: Copy): Found {
  const found: Found = { windows: new Set(), signed: [] };
  const add = (bytes: Uint8Array) => {
    const hex = toHex(bytes);
    for (let at = 0; at + 16 <= hex.length; at += 2) found.windows.add(hex.slice(at, at + 16));
  };
  const visit = (value: unknown): void => {
    if (typeof value === "string") visitText(value);
    else if (typeof value === "object" && value !== null) {
      const { payload, signatures } = value as { payload?: unknown; signatures?: unknown };
      if (typeof payload === "string" && Array.isArray(signatures)) {
        for (const one of signatures) addSigned(found, `${one.protected}.${payload}`, one.signature);
      }
      for (const [name, inner] of Object.entries(value)) {
        visit(name);
        visit(inner);
      }
    }
  };
  const visitText = (text: string) => {
    add(utf8(text));
    const json = jsonOf(text);
    if (json !== undefined) return visit(json);
    const parts = text.split(".");
    if (parts.length === 3) addSigned(found, `${parts[0]}.${parts[1]}`, parts[2]!);
    for (const part of parts) {
      const bytes = fromBase64Url(part);
      if (bytes === undefined || bytes.length === 0) continue;
      add(bytes);
      const inner = jsonOf(fromUtf8(bytes) ?? "");
      if (inner !== undefined) visit(inner);
    }
  };
  for (const bytes of copy.values()) visitText(fromUtf8(bytes)!);
  return found;
}

function addSigned({ signed }: Found, input: string, text: string): void {
  const signature = fromBase64Url(text);
  if (signature?.length === 64) signed.push({ data: utf8(input), signature });
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : undefined;
  } catch {
    return undefined;
  }
}
