/** Ids. Those that leave the server are UUIDv4 in lower case; internal rows use UUIDv7, which sort by time. */
import { hash } from "node:crypto";
import type { RandomBytes } from "@countersign/protocol/bytes";

/** Buckets a router can one day place by: the first 12 bits of activation, token and operation ids. */
export const bucketCount = 4096;

/** UUIDv4 (RFC 9562 §5.4) whose first 12 bits are `bucket` (0–4095). */
export function newId(random: RandomBytes, bucket: number): string {
  const bytes = Buffer.from(random(16));
  bytes[0] = bucket >> 4;
  bytes[1] = ((bucket & 0x0f) << 4) | (bytes.readUInt8(1) & 0x0f);
  return format(bytes, 0x40);
}

/** UUIDv7 (RFC 9562 §5.7) of `now`, epoch milliseconds. */
export function newUuid7(random: RandomBytes, now: number): string {
  return uuid7(Buffer.from(random(16)), now);
}

/** UUIDv7 from 16 random bytes, which it changes. */
export function uuid7(bytes: Buffer, now: number): string {
  bytes.writeUIntBE(now, 0, 6);
  return format(bytes, 0x70);
}

/** Bucket of everything that belongs to one user. */
export function userBucket(tenant: string, userId: string): number {
  return bucketOf(["user", tenant, userId]);
}

/** Bucket of an operation that has no user when it is made; it keeps it. */
export function applicationBucket(tenant: string, applicationId: string): number {
  return bucketOf(["application", tenant, applicationId]);
}

function bucketOf(parts: readonly string[]): number {
  return Number.parseInt(hash("sha256", JSON.stringify(parts), "hex").slice(0, 3), 16);
}

function format(bytes: Buffer, version: number): string {
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | version;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
