/**
 * Strangers who know the id of an activation and everything an app contains, but hold no device. They can neither block
 * the owner's device nor keep the owner from approving, even from the owner's own address.
 */
import { Worker } from "node:worker_threads";
import { activationStates } from "@countersign/protocol/powerauth/activation-status";
import type { Stage } from "./attack.ts";
import { operationFor, statusOf } from "./attack-guesses.ts";
import { dataOf } from "./bank.ts";
import { signDecision, submit } from "./decision.ts";
import type { Device } from "./device.ts";
import { isLost } from "./http.ts";
import type { Known, Told } from "./stranger-crowd.ts";

const strangerCount = 64;
const approvals = 30;
/** Nobody promises a speed on a shared machine; only that the owner is served. */
const mostTimes = 50;
const mostMilliseconds = 1_000;

export async function strangers(stage: Stage): Promise<number> {
  const { fleet, history, notes } = stage;
  const device = await fleet.device("owner");
  const alone = await approveAll(stage, device, "alone");
  const others = crowd(stage, device);
  const crowded = await approveAll(stage, device, "crowded");
  const { refused, throttled, odd } = await others.stop();
  const status = await statusOf(stage, device);
  if (status.state !== activationStates.active || status.failedAttempts !== 0) {
    history.odd("stranger-counts-nothing", `state ${status.state}, ${status.failedAttempts} wrong tries`);
  }
  for (const text of odd) history.odd("stranger-refused", text);
  const [before, during] = [median(alone), median(crowded)];
  notes.push(
    `owner's approval: ${before.toFixed(1)} ms alone, ${during.toFixed(1)} ms beside ${strangerCount} strangers ` +
      `(×${(during / before).toFixed(1)}); they were told 401 ${refused} times, 429 ${throttled} times`,
  );
  if (during > Math.max(mostTimes * before, mostMilliseconds)) history.odd("owner-served", notes.at(-1)!);
  return 1;
}

/** Milliseconds of each approval, all of which must be accepted. */
async function approveAll(stage: Stage, device: Device, name: string): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < approvals; at++) {
    const reference = `${name}-${at}`;
    const operation = await operationFor(stage, device, reference);
    const signed = signDecision(device, "approve", operation, dataOf(reference), "right");
    const url = stage.urls[at % stage.urls.length]!;
    const start = performance.now();
    const answer = await submit(url, stage.history, device, { operation, action: "approve", pin: "right", signed });
    times.push(performance.now() - start);
    if (isLost(answer) || answer.status !== 200) {
      stage.history.odd("owner-served", `${reference}: ${JSON.stringify(answer)}`);
    }
  }
  return times;
}

interface Crowd {
  /** What they were told until now. */
  stop(): Promise<Told>;
}

/** In a thread of its own, so that the owner's times are the server's and not this process's. */
function crowd({ urls }: Stage, device: Device): Crowd {
  const { activationId, app } = device;
  const known: Known = { urls, activationId, applicationKey: app.applicationKey, count: strangerCount };
  const worker = new Worker(new URL("stranger-crowd.ts", import.meta.url), {
    workerData: known,
    execArgv: ["--conditions=@countersign/source"],
  });
  const told = new Promise<Told>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return {
    stop() {
      worker.postMessage("stop");
      return told;
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
