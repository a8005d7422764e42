/** Argon2id, version 0x13 (RFC 9106), in portable code: whatever turns a password into a key on a device. */
import { argon2idAsync } from "@noble/hashes/argon2.js";
import type { Bytes } from "./bytes.ts";

export interface Argon2Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
}

/** 32 bytes. Lets other work run in between; takes some tenths of a second at the cost of a device. */
export function argon2id(password: Bytes, salt: Bytes, { memory, passes }: Argon2Cost): Promise<Bytes> {
  return argon2idAsync(password, salt, { t: passes, m: memory, p: 1, dkLen: 32 });
}
