/** One file of vectors, checked on both providers. */
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { nobleCrypto } from "@countersign/protocol/crypto-noble";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { checkRow } from "./row.ts";
import { checks } from "./rows.ts";

export interface FileResult {
  readonly passed: number;
  readonly failed: number;
  /** One line per failing row, or one for the whole file. */
  readonly failures: readonly string[];
}

const providers: readonly CryptoProvider[] = [nodeCrypto, nobleCrypto];

/** A row passes when it passes on both providers. A file that cannot be read as vectors counts as one failure. */
export function checkFile(name: string, text: string): FileResult {
  const check = checks.get(name);
  if (check === undefined) return refused("nobody knows this file");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return refused("not JSON");
  }
  const { data, description, generator, ...rest } = (content ?? {}) as Record<string, unknown>;
  if (typeof description !== "string" || typeof generator !== "string" || Object.keys(rest).length > 0) {
    return refused("not a file of vectors: description, generator and data");
  }
  if (!Array.isArray(data) || data.length === 0) return refused("without rows");
  const failures = data.flatMap((row: unknown, index) => {
    const differences = providers.flatMap((crypto) =>
      checkRow(check, crypto, row).map((difference) => `${crypto.name}: ${difference}`),
    );
    return differences.length === 0 ? [] : [`row ${index}: ${differences.join("; ")}`];
  });
  return { passed: data.length - failures.length, failed: failures.length, failures };
}

function refused(reason: string): FileResult {
  return { passed: 0, failed: 1, failures: [reason] };
}
