/** Argon2 for PUK hashes: OpenSSL's beside the node provider, @noble's beside the other. */
import { argon2Sync } from "node:crypto";
import type { Argon2 } from "@countersign/protocol/powerauth/recovery";
import { argon2d, argon2i, argon2id } from "@noble/hashes/argon2.js";

const noble = { argon2i, argon2d, argon2id };

const nodeArgon2: Argon2 = (variant, password, salt, { memory, passes, lanes, length }) =>
  Uint8Array.from(
    argon2Sync(variant, { message: password, nonce: salt, memory, passes, parallelism: lanes, tagLength: length }),
  );

const nobleArgon2: Argon2 = (variant, password, salt, { memory, passes, lanes, length }) =>
  noble[variant](password, salt, { m: memory, t: passes, p: lanes, dkLen: length });

export function argon2Of(provider: "node" | "noble"): Argon2 {
  return provider === "node" ? nodeArgon2 : nobleArgon2;
}
