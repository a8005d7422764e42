/**
 * Devices that approve without rest, as real ones do: one request at a time each, and after a lost answer status,
 * reconciliation and a new signature. The bank creates with an idempotency key and repeats until it is answered.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bank, dataOf, newOperation } from "./bank.ts";
import { codeOf, readOperation, signDecision, submit } from "./decision.ts";
import type { Device } from "./device.ts";
import { reconcile } from "./device-status.ts";
import type { Dice } from "./dice.ts";
import type { Fleet } from "./fleet.ts";
import type { CreateEntry, DecideEntry, History } from "./history.ts";
import { type Answer, isLost, memberOf } from "./http.ts";
import type { Server } from "./server.ts";

export interface Load {
  /** Resolves with the answer that is the `count`th from now. Rejects when none comes for a long time. */
  answers(count: number): Promise<void>;
  /** Lets every device finish what it is at. */
  stop(): Promise<void>;
  readonly answered: number;
}

const patience = 60_000;
/** Between two tries of a client that got no answer or 503, ms. */
const retryPause = 25;
/** Signatures for one operation before the device gives up: each lost answer costs one. */
const mostTries = 12;

interface Runner {
  readonly device: Device;
  readonly dice: Dice;
  readonly wrongPins: number;
}

export interface LoadOptions {
  readonly fleet: Fleet;
  readonly devices: readonly Device[];
  readonly history: History;
  readonly dice: Dice;
  /** Share of approvals that a wrong PIN goes before. */
  readonly wrongPins?: number | undefined;
}

export function approvingDevices({ fleet, devices, history, dice, wrongPins = 0.12 }: LoadOptions): Load {
  const state = { stopping: false };
  let answered = 0;
  let waiters: { readonly at: number; readonly resolve: () => void }[] = [];
  const sawAnswer = (): void => {
    answered += 1;
    const due = waiters.filter(({ at }) => at <= answered);
    if (due.length === 0) return;
    waiters = waiters.filter(({ at }) => at > answered);
    for (const { resolve } of due) resolve();
  };
  const run = async (one: Runner, index: number): Promise<void> => {
    for (let turn = 0; !state.stopping; turn++) {
      const reference = `${index}-${turn}`;
      const operation = await create(fleet, history, one, reference, sawAnswer, state);
      if (operation === undefined) return;
      await decide(fleet, history, one, operation, dataOf(reference), sawAnswer);
    }
  };
  const all = Promise.all(
    devices.map((device, index) => run({ device, dice: dice.fork(`device ${index}`), wrongPins }, index)),
  );
  all.catch(() => undefined);
  return {
    get answered() {
      return answered;
    },
    async answers(count) {
      const reached = Promise.withResolvers<void>();
      waiters.push({ at: answered + count, resolve: reached.resolve });
      const timer = setTimeout(() => reached.reject(new Error("No answers any more")), patience);
      all.then(() => reached.reject(new Error("Every device has given up")), reached.reject);
      await reached.promise.finally(() => clearTimeout(timer));
    },
    async stop() {
      state.stopping = true;
      await all;
    },
  };
}

/** The operation's id; undefined when the load stops before there is one. Now and then the bank asks twice. */
async function create(
  fleet: Fleet,
  history: History,
  { device, dice }: Runner,
  reference: string,
  sawAnswer: () => void,
  state: { readonly stopping: boolean },
): Promise<string | undefined> {
  const body = newOperation(fleet.app, device.userId, reference);
  let wanted = dice.chance(0.1) ? 2 : 1;
  let operation: string | undefined;
  while (wanted > 0 && !(state.stopping && operation === undefined)) {
    const entry = history.begin<CreateEntry>({ kind: "create", key: reference });
    const answer = await bankOf(fleet, dice).call("POST", "/v1/operations", body, { "idempotency-key": reference });
    if (!isLost(answer)) {
      history.answer(entry, answer.status, codeOf(answer));
      sawAnswer();
      if (answer.status === 201) {
        entry.operation = memberOf(answer.json, "id") as string;
        operation = entry.operation;
        wanted -= 1;
        continue;
      }
      if (answer.status !== 503) {
        history.odd("create-accepted", `${reference}: ${JSON.stringify(answer)}`);
        return undefined;
      }
    }
    await pause(retryPause);
  }
  return operation;
}

async function decide(
  fleet: Fleet,
  history: History,
  one: Runner,
  operation: string,
  data: string,
  sawAnswer: () => void,
): Promise<void> {
  const { device, dice } = one;
  const action = dice.chance(0.12) ? "reject" : "approve";
  let wrong = action === "approve" && dice.chance(one.wrongPins) ? 1 : 0;
  for (let tries = 0; tries < mostTries; tries++) {
    const pin = action === "reject" ? "none" : wrong > 0 ? "wrong" : "right";
    const answer = await sendDecision({ fleet, history, one, operation, data, action, pin });
    if (!isLost(answer)) sawAnswer();
    if (!isLost(answer) && answer.status === 200 && pin !== "wrong") return;
    if (!isLost(answer) && answer.status === 401 && pin === "wrong") {
      wrong -= 1;
      // To say how many tries are left, a device asks.
      await findPlace(fleet, history, one);
      continue;
    }
    if (!isLost(answer) && answer.status === 200)
      history.odd("wrong-pin-refused", `${operation}: a wrong PIN approved it`);
    const state = await recover(fleet, history, one, operation);
    if (state !== "PENDING") return;
    if (!isLost(answer) && answer.status !== 503) {
      const text = `${operation}: counter ${device.next - 1} of ${device.activationId}: ${JSON.stringify(answer)}`;
      history.odd("right-signature-accepted", text);
      return;
    }
  }
  history.odd("right-signature-accepted", `${operation}: still undecided after ${mostTries} signatures`);
}

interface Decision {
  readonly fleet: Fleet;
  readonly history: History;
  readonly one: Runner;
  readonly operation: string;
  readonly data: string;
  readonly action: "approve" | "reject";
  readonly pin: DecideEntry["pin"];
}

async function sendDecision({ fleet, history, one, operation, data, action, pin }: Decision): Promise<Answer> {
  const { device, dice } = one;
  const server = serverOf(fleet, dice);
  const url = (await server.up()).public;
  const signed = signDecision(device, action, operation, data, pin);
  return submit(url, history, device, { operation, action, pin, signed });
}

/** After a lost answer: finds the counter's place, then looks at what became of the operation. */
async function recover(fleet: Fleet, history: History, one: Runner, operation: string): Promise<string> {
  for (;;) {
    await findPlace(fleet, history, one);
    const state = await readOperation(bankOf(fleet, one.dice), history, operation);
    if (state !== undefined) return state;
    await pause(retryPause);
  }
}

/** Asks for the status until there is an answer. */
async function findPlace(fleet: Fleet, history: History, { device, dice }: Runner): Promise<void> {
  for (;;) {
    const { public: url } = await serverOf(fleet, dice).up();
    if (await reconcile(url, device, history)) return;
    await pause(retryPause);
  }
}

function serverOf(fleet: Fleet, dice: Dice): Server {
  return fleet.servers[dice.integer(0, fleet.servers.length - 1)]!;
}

function bankOf(fleet: Fleet, dice: Dice): Bank {
  return fleet.bankOf(serverOf(fleet, dice));
}
