/** One counter value for several requests, and requests about operations that the device has no say in. */
import { eachGroup, type Stage } from "./attack.ts";
import { isRefused, operationFor, sendAll, statusOf } from "./attack-guesses.ts";
import { dataOf } from "./bank.ts";
import { readOperation, signDecision, submit } from "./decision.ts";
import type { Device } from "./device.ts";
import { type Answer, isLost, memberOf } from "./http.ts";

const groupSize = 8;

/** Different requests under one counter value, and copies of one request: exactly one is accepted, either way. */
export async function sameCounters(stage: Stage): Promise<number> {
  const { fleet, n } = stage;
  return eachGroup(n, async (index) => {
    const device = await fleet.device(`twice-${index}`);
    const references = Array.from({ length: groupSize }, (_, at) => `twice-${index}-${at}`);
    const operations = await Promise.all(references.map((reference) => operationFor(stage, device, reference)));
    const counter = device.next++;
    const different = await Promise.all(
      operations.map((operation, at) => {
        const url = stage.urls[at % stage.urls.length]!;
        const signed = signDecision(device, "approve", operation, dataOf(references[at]!), "right", counter);
        return submit(url, stage.history, device, { operation, action: "approve", pin: "right", signed });
      }),
    );
    exactlyOne(stage, different, `different requests of ${device.activationId} under counter ${counter}`);

    const reference = `copied-${index}`;
    const operation = await operationFor(stage, device, reference);
    const signed = signDecision(device, "approve", operation, dataOf(reference), "right");
    const copies = Array.from({ length: groupSize }, () => ({ pin: "right", signed }) as const);
    exactlyOne(stage, await sendAll(stage, device, operation, copies), `copies of one request for ${operation}`);
  });
}

/** The others are refused as if their signature were wrong, which by then it is. */
export function exactlyOne({ history }: Stage, answers: readonly Answer[], what: string): void {
  const accepted = answers.filter((answer) => !isLost(answer) && answer.status === 200);
  if (accepted.length !== 1) history.odd("counter-once", `${accepted.length} accepted of ${what}`);
  const others = answers.filter((answer) => !accepted.includes(answer) && !isRefused(answer));
  if (others.length > 0) history.odd("guess-refused", `${what}: ${JSON.stringify(others[0])}`);
}

/**
 * A device of somebody else changes nothing at an operation, right PIN or wrong. The owner's device does not approve
 * other data than the operation's, nor with fewer factors than it asks for.
 */
export async function devicesInDoubt(stage: Stage): Promise<number> {
  const { fleet, n } = stage;
  return eachGroup(n, async (index) => {
    const reference = `doubt-${index}`;
    const [owner, stranger] = [await fleet.device(reference), await fleet.device(`other-${index}`)];
    const operation = await operationFor(stage, owner, reference);
    const data = dataOf(reference);
    await refused(stage, stranger, operation, data, "right");
    await refused(stage, stranger, operation, data, "wrong");
    await stillPending(stage, operation, 0, "a foreign device");
    await refused(stage, owner, operation, `${data}0`, "right");
    await stillPending(stage, operation, 1, "other data");
    await statusOf(stage, owner);
  });
}

async function refused(stage: Stage, device: Device, operation: string, data: string, pin: "right" | "wrong") {
  const signed = signDecision(device, "approve", operation, data, pin);
  const answer = await submit(stage.urls[0]!, stage.history, device, { operation, action: "approve", pin, signed });
  const isNo = !isLost(answer) && (answer.status === 400 || answer.status === 401);
  if (!isNo) stage.history.odd("entitled-only", `${operation}: ${JSON.stringify(answer)}`);
}

async function stillPending(
  { fleet, history }: Stage,
  operation: string,
  failures: number,
  after: string,
): Promise<void> {
  const state = await readOperation(fleet.bank, history, operation);
  const detail = await fleet.bank.office("/operation/detail", { operationId: operation });
  const counted = memberOf(detail, "failureCount");
  if (state === "PENDING" && counted === failures) return;
  history.odd("entitled-only", `${operation}: ${state} with ${String(counted)} wrong tries after ${after}`);
}
