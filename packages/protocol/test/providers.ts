/** What every test here runs on: both providers, and a reproducible source of bytes. */
import { test } from "node:test";
import type { Bytes, RandomBytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { nobleCrypto } from "@countersign/protocol/crypto-noble";
import { nodeCrypto } from "@countersign/protocol/crypto-node";

export const providers: readonly CryptoProvider[] = [nodeCrypto, nobleCrypto];

/** The client's provider and the server's, in every combination that mixes them. */
export const mixedProviders: readonly (readonly [client: CryptoProvider, server: CryptoProvider])[] = [
  [nodeCrypto, nobleCrypto],
  [nobleCrypto, nodeCrypto],
];

export function testOnBoth(name: string, body: (crypto: CryptoProvider) => void | Promise<void>): void {
  for (const crypto of providers) test(`${name} [${crypto.name}]`, () => body(crypto));
}

export function testMixed(name: string, body: (client: CryptoProvider, server: CryptoProvider) => void): void {
  for (const [client, server] of mixedProviders) {
    test(`${name} [client ${client.name}, server ${server.name}]`, () => body(client, server));
  }
}

/** xorshift32: the same bytes for the same seed, on every machine. */
export function seededRandom(seed: number): RandomBytes {
  let state = seed * 2_654_435_761 + 1;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
}

/** The bytes with one bit changed. */
export function flipBit(bytes: Bytes, bit: number): Bytes {
  const flipped = Uint8Array.from(bytes);
  const index = bit % (bytes.length * 8);
  flipped[index >> 3]! ^= 1 << (index & 7);
  return flipped;
}

/** A public key of one provider as the other one's. */
export function carry(from: CryptoProvider, to: CryptoProvider, key: Parameters<CryptoProvider["exportPublicKey"]>[0]) {
  return to.importPublicKey(from.exportPublicKey(key, "uncompressed"))!;
}
