/** Secrets under the key of their policy, and out again. */
import { toBase64Url, type Bytes } from "@countersign/protocol/bytes";
import { maskBytes, maskScalar, openAtRest, sealAtRest, unmaskScalar } from "@countersign/protocol/approve/at-rest";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import { VaultError } from "../key-vault.ts";
import type { VaultDeps } from "./deps.ts";
import { decoded } from "./derive.ts";
import { lost, type Entry, type Held } from "./record.ts";

type Named = Pick<Entry, "id" | "use">;

export function isSilent(policy: PolicyRecord): boolean {
  return policy.type !== "DEVICE" && policy.lock.type === "silent";
}

export async function hold(
  { crypto }: VaultDeps,
  policy: PolicyRecord,
  key: Bytes,
  { id, use }: Named,
  secret: Bytes,
): Promise<Held> {
  if (!isSilent(policy)) return { how: "sealed", sealed: await sealAtRest(key, `key ${id}`, secret) };
  const masked = use === "otp" ? maskBytes(crypto, key, id, secret) : maskScalar(crypto, key, id, secret);
  return { how: "masked", masked: toBase64Url(masked) };
}

/** The caller wipes the bytes. Throws `locked` for what a counter lock destroyed. */
export async function release({ crypto }: VaultDeps, key: Bytes, { id, use, held }: Entry): Promise<Bytes> {
  switch (held.how) {
    case "sealed": {
      const secret = await openAtRest(key, `key ${id}`, held.sealed);
      if (secret === undefined) throw lost();
      return secret;
    }
    case "masked":
      return (use === "otp" ? maskBytes : unmaskScalar)(crypto, key, id, decoded(held.masked));
    case "wiped":
      throw new VaultError("locked", "Too many wrong passwords: the keys were destroyed");
    case "platform":
      throw new Error("The platform does not give its keys out");
  }
}
