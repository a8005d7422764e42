/** Guessing the PIN: by whoever holds the device, by a front server, and by whoever recorded a wrong try. */
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { activationStates } from "@countersign/protocol/powerauth/activation-status";
import { computeSignature, signatureBase } from "@countersign/protocol/powerauth/signature";
import { eachGroup, type Stage } from "./attack.ts";
import { dataOf, newOperation } from "./bank.ts";
import { readOperation, signDecision, submit } from "./decision.ts";
import { type Device, random, type Signed, version } from "./device.ts";
import { readStatus } from "./device-status.ts";
import type { StatusEntry } from "./history.ts";
import { type Answer, isLost, memberOf, textOf } from "./http.ts";

const limit = 5;
const parallel = 32;

/** An operation of the device's user, for the signatures to be about. */
export async function operationFor(stage: Stage, device: Device, reference: string): Promise<string> {
  const body = newOperation(stage.fleet.app, device.userId, reference);
  const answer = await stage.fleet.bank.call("POST", "/v1/operations", body);
  if (isLost(answer) || answer.status !== 201) throw new Error(`${reference}: ${JSON.stringify(answer)}`);
  return textOf(answer.json, "id");
}

export async function statusOf(stage: Stage, device: Device): Promise<StatusEntry> {
  const status = await readStatus(stage.urls[0]!, device, stage.history);
  if (status === undefined) throw new Error("The status got no answer");
  return status;
}

/** Sends to the processes in turn, all at once. */
export function sendAll(stage: Stage, device: Device, operation: string, guesses: readonly Guess[]): Promise<Answer[]> {
  return Promise.all(
    guesses.map(({ pin, signed }, index) => {
      const url = stage.urls[index % stage.urls.length]!;
      return submit(url, stage.history, device, { operation, action: "approve", pin, signed });
    }),
  );
}

interface Guess {
  readonly pin: "right" | "wrong";
  readonly signed: Signed;
}

/**
 * 32 wrong PINs at once, each under a counter value of its own, again and again until the device is blocked. No more
 * than the limit may be evaluated, whatever the order; then not even the right PIN is. The operation counts the wrong
 * tries of a proven device too, which gives a second count of what was evaluated.
 */
export async function guessesOnDevice(stage: Stage): Promise<number> {
  const { fleet, history, dice, n } = stage;
  return eachGroup(n, async (index) => {
    const device = await fleet.device(`guesser-${index}`);
    const reference = `guess-${index}`;
    const operation = await operationFor(stage, device, reference);
    const data = dataOf(reference);
    // In some groups one of the first guesses is right: it may set the count back once, and then never again.
    const lucky = dice.chance(0.25) ? dice.integer(0, parallel - 1) : -1;
    let approved = false;
    let status = await statusOf(stage, device);
    for (let wave = 0; wave < 2 * limit && status.state === activationStates.active; wave++) {
      const start = status.counter ?? device.next;
      const guesses = Array.from({ length: parallel }, (_, at): Guess => {
        const pin = wave === 0 && at === lucky ? "right" : "wrong";
        return { pin, signed: signDecision(device, "approve", operation, data, pin, start + at) };
      });
      device.next = start + parallel;
      const answers = await sendAll(stage, device, operation, guesses);
      for (const [at, answer] of answers.entries()) {
        const accepted = !isLost(answer) && answer.status === 200;
        if (accepted && guesses[at]!.pin === "right") approved = true;
        else if (!isRefused(answer)) history.odd("guess-refused", `${operation}: ${JSON.stringify(answer)}`);
      }
      status = await statusOf(stage, device);
    }
    if (status.state !== activationStates.blocked || status.failedAttempts !== limit) {
      history.odd(
        "limit-kept",
        `${device.activationId}: state ${status.state} after ${status.failedAttempts} wrong tries`,
      );
    }
    for (const url of stage.urls) {
      const signed = signDecision(device, "approve", operation, data, "right", status.counter ?? device.next);
      const answer = await submit(url, history, device, { operation, action: "approve", pin: "right", signed });
      if (isRefused(answer)) continue;
      history.odd(
        "limit-kept",
        `${device.activationId}: blocked, and a right PIN is answered ${JSON.stringify(answer)}`,
      );
    }
    const detail = await fleet.bank.office("/operation/detail", { operationId: operation });
    const evaluated = Number(memberOf(detail, "failureCount"));
    if (!approved && evaluated !== limit)
      history.odd("limit-kept", `${operation}: ${evaluated} wrong tries were evaluated`);
  });
}

/** A front server may ask about the PIN alone: 32 at once must not reveal more outcomes than the limit either. */
export async function guessesInBackOffice(stage: Stage): Promise<number> {
  const { fleet, history, n } = stage;
  return eachGroup(n, async (index) => {
    const device = await fleet.device(`asked-${index}`);
    const answers = await Promise.all(
      Array.from({ length: parallel }, (_, at) => {
        const data = signatureBase("POST", "/login", toBase64(random(16)), utf8("{}"));
        const signature = computeSignature(crypto, version, [crypto.secretKey(random(16))], random(16), utf8(data));
        return stage.banks[at % stage.banks.length]!.call("POST", "/rest/v3/signature/verify", {
          requestObject: {
            activationId: device.activationId,
            applicationKey: device.app.applicationKey,
            data,
            signature,
            signatureType: "KNOWLEDGE",
            signatureVersion: version.version,
          },
        });
      }),
    );
    // Each evaluated guess leaves another number of tries; what was not evaluated says BLOCKED, or that it was too busy.
    const left = answers.flatMap((answer) => {
      const verdict = isLost(answer) ? undefined : memberOf(answer.json, "responseObject");
      return memberOf(verdict, "activationStatus") === "ACTIVE" ? [Number(memberOf(verdict, "remainingAttempts"))] : [];
    });
    if (left.length > limit - 1 || new Set(left).size !== left.length) {
      history.odd("limit-kept", `${device.activationId}: outcomes were revealed with ${left.join(", ")} tries left`);
    }
    const status = await statusOf(stage, device);
    if (status.state !== activationStates.blocked || status.failedAttempts !== limit) {
      history.odd(
        "limit-kept",
        `${device.activationId}: state ${status.state} after ${status.failedAttempts} wrong tries`,
      );
    }
  });
}

/**
 * A wrong try that was recorded and is sent again counts nothing; possession alone forgives nothing; the right PIN sets
 * the count back.
 */
export async function recordedGuesses(stage: Stage): Promise<number> {
  const { fleet, history, n } = stage;
  return eachGroup(n, async (index) => {
    const device = await fleet.device(`recorded-${index}`);
    const reference = `recorded-${index}`;
    const operation = await operationFor(stage, device, reference);
    const data = dataOf(reference);
    const expect = async (failed: number, when: string): Promise<void> => {
      const { failedAttempts, state } = await statusOf(stage, device);
      const right = failedAttempts === failed && state === activationStates.active;
      if (!right) history.odd("replay-counts-nothing", `${device.activationId}: ${failedAttempts} wrong tries ${when}`);
    };
    const wrong = (): Guess => ({ pin: "wrong", signed: signDecision(device, "approve", operation, data, "wrong") });
    const recorded = wrong();
    await sendAll(stage, device, operation, [recorded]);
    await expect(1, "after one");
    const again = await sendAll(
      stage,
      device,
      operation,
      Array.from({ length: 8 }, () => recorded),
    );
    if (!again.every(isRefused)) history.odd("guess-refused", `${operation}: ${JSON.stringify(again)}`);
    await expect(1, "after a replay of the one");

    const other = await operationFor(stage, device, `${reference}-rejected`);
    const rejection = signDecision(device, "reject", other, "", "none");
    await submit(stage.urls[0]!, history, device, {
      operation: other,
      action: "reject",
      pin: "none",
      signed: rejection,
    });
    await expect(1, "after possession alone");
    if ((await readOperation(fleet.bank, history, other)) !== "REJECTED")
      history.odd("right-signature-accepted", other);

    const approval: Guess = { pin: "right", signed: signDecision(device, "approve", operation, data, "right") };
    const [answer] = await sendAll(stage, device, operation, [approval]);
    if (answer === undefined || isRefused(answer))
      history.odd("right-signature-accepted", `${operation}: after a replay`);
    await expect(0, "after the right PIN");
  });
}

/** The one answer to a wrong signature, whatever is wrong with it. */
export function isRefused(answer: Answer): boolean {
  return !isLost(answer) && answer.status === 401;
}
