/**
 * The thread of the strangers: requests that are right in everything but the signature, without rest, until it is told
 * to stop; then it says what they were told.
 */
import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { signatureHeaderName, writeSignatureHeader } from "@countersign/protocol/powerauth/headers";
import { factorsOf } from "@countersign/protocol/powerauth/signature";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import { type Answer, closeConnections, isLost, send } from "./http.ts";

/** What a stranger knows. */
export interface Known {
  readonly urls: readonly string[];
  readonly activationId: string;
  readonly applicationKey: string;
  readonly count: number;
}

export interface Told {
  /** Answers 401 and 429. */
  readonly refused: number;
  readonly throttled: number;
  /** Answers that no stranger should get. */
  readonly odd: readonly string[];
}

const kinds = [
  { path: "authorize", factors: "possession_knowledge" },
  { path: "authorize", factors: "possession_biometry" },
  { path: "cancel", factors: "possession" },
  { path: "authorize", factors: "knowledge" },
] as const;

const known = workerData as Known;
const version = versionRow("3.3")!;
const crowd = { stopping: false };
parentPort?.once("message", () => (crowd.stopping = true));

function guess(turn: number): Promise<Answer> {
  const { path, factors } = kinds[turn % kinds.length]!;
  const header = writeSignatureHeader({
    activationId: known.activationId,
    applicationKey: known.applicationKey,
    nonce: randomBytes(16).toString("base64"),
    signatureType: factors,
    signature: randomBytes(16 * factorsOf(factors).length).toString("base64"),
    version,
  });
  const id = "00000000-0000-4000-8000-000000000000";
  return send({
    url: `${known.urls[turn % known.urls.length]}/api/auth/token/app/operation/${path}`,
    headers: { [signatureHeaderName]: header },
    body: JSON.stringify({ requestObject: { id, data: "A1" } }),
  });
}

let refused = 0;
let throttled = 0;
const odd: string[] = [];
const one = async (index: number): Promise<void> => {
  for (let turn = index; !crowd.stopping; turn++) {
    const answer = await guess(turn);
    if (!isLost(answer) && answer.status === 401) refused += 1;
    else if (!isLost(answer) && answer.status === 429) throttled += 1;
    else odd.push(JSON.stringify(answer));
  }
};
await Promise.all(Array.from({ length: known.count }, (_, index) => one(index)));
closeConnections();
parentPort?.postMessage({ refused, throttled, odd } satisfies Told);
