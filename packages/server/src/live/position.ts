/**
 * Where a reader of the feed stands. Every lane of the audit has one writer, so what is visible of a lane has no gap: the
 * last number read in each lane says exactly what was read, whichever transaction was visible first. Lanes that were
 * quiet for longer than a transaction can last are left out: whatever they bring is younger than the position.
 */
import { equalTexts } from "@countersign/protocol/bytes";
import type { Secrets } from "../keys/secrets.ts";

export interface Position {
  /** Time of the newest event that was read, epoch ms. */
  readonly at: number;
  /** Epoch of the lane → number of its last event that was read. */
  readonly heads: ReadonlyMap<number, number>;
}

/** No transaction is under way for longer than this between taking its time and its commit, ms. */
export const longestCommitMs = 60_000;

const base = 36;

/** Lower-case letters, digits, `-` and `_`. */
export function positionText({ at, heads }: Position): string {
  const lanes = [...heads].map(([epoch, seq]) => `${epoch.toString(base)}-${seq.toString(base)}`);
  return [at.toString(base), ...lanes].join("_");
}

/** For one API client only: another one's is none at all. */
export function sealPosition(secrets: Pick<Secrets, "hash">, clientId: string, text: string): string {
  return `${text}.${secrets.hash("live-position", `${clientId} ${text}`)}`;
}

/** Undefined for what this server never gave to this client. */
export function openPosition(secrets: Pick<Secrets, "hash">, clientId: string, sealed: string): Position | undefined {
  const [text = ""] = sealed.split(".");
  if (!equalTexts(sealPosition(secrets, clientId, text), sealed)) return undefined;
  const [at = "", ...lanes] = text.split("_");
  const heads = lanes.map((lane) => lane.split("-").map((part) => parseInt(part, base)) as [number, number]);
  return { at: parseInt(at, base), heads: new Map(heads) };
}
