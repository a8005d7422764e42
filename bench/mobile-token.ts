/**
 * What does it cost to look? CPU of one request against a bare HTTP echo: a device lists what is pending (0, 1 and 20
 * operations), opens one, asks for its status, and a back end creates an operation. Every round measures all of them and
 * the echo, so that each ratio compares figures of the same minute.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { startPostgres } from "../tools/postgres.ts";
import { startChild } from "./child.ts";
import { cpuMicroseconds } from "./cpu.ts";
import { httpRequest, load } from "./load.ts";
import { showSpread, spreadOf } from "./spread.ts";
import { application, startSubject, type Subject, template } from "./subject.ts";

const rounds = 5;
const clients = 32;
const each = 60;
const base = "/api/auth/token/app/operation";

const questions = ["list0", "list1", "list20", "detail", "status", "create"] as const;
type Question = (typeof questions)[number];
type Series = Record<Question | "echo", number[]>;

/** `name_vs_echo` is the echo's CPU divided by the request's: 1 is as cheap as echo. */
export async function mobileTokenBench(say: (line: string) => void): Promise<Record<string, number | null>> {
  const echo = await startChild<{ port: number }>("bench/echo-server.ts");
  try {
    say(`${rounds} rounds, ${clients} clients, ${clients * each} requests each; median [min–max]`);
    const sqlite = await onStore("sqlite", echo, undefined, say);
    const postgres = await onPostgres(echo, say);
    return { ...sqlite, ...postgres };
  } finally {
    await echo.stop();
  }
}

type Echo = Awaited<ReturnType<typeof startChild<{ port: number }>>>;

async function onPostgres(echo: Echo, say: (line: string) => void): Promise<Record<string, number | null>> {
  const cluster = await startPostgres();
  if (cluster === undefined) {
    say("postgres: null, because PostgreSQL was not found");
    return Object.fromEntries(questions.map((one) => [`postgres_${one}_vs_echo`, null]));
  }
  const database = await cluster.createDatabase();
  try {
    process.env.COUNTERSIGN_MASTER_KEY = Buffer.alloc(32, 7).toString("base64");
    return await onStore("postgres", echo, database.url, say);
  } finally {
    await database.drop();
    await cluster.remove();
  }
}

/** On PostgreSQL the figures are the server's alone: the database may be on another machine. */
async function onStore(
  name: string,
  echo: Echo,
  url: string | undefined,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  const subject = await startSubject(clients * 3, url);
  try {
    const requests = await sources(subject);
    const series: Series = { echo: [], list0: [], list1: [], list20: [], detail: [], status: [], create: [] };
    for (let round = -1; round < rounds; round++) {
      const cost = await echoRound(echo);
      if (round >= 0) series.echo.push(cost);
      for (const question of questions) {
        const used = await measured(subject, requests[question]());
        // The first round warms up.
        if (round >= 0) series[question].push(used);
      }
    }
    const ratios = Object.fromEntries(
      questions.map((one) => [one, spreadOf(series[one].map((used, at) => series.echo[at]! / used))]),
    );
    say(`${name}: CPU µs  echo ${showSpread(spreadOf(series.echo))}`);
    for (const one of questions) {
      say(`${name}: CPU µs  ${one} ${showSpread(spreadOf(series[one]))}  echo/${one} ${showSpread(ratios[one]!, 2)}`);
    }
    return Object.fromEntries(questions.map((one) => [`${name}_${one}_vs_echo`, ratios[one]!.median]));
  } finally {
    await subject.stop();
  }
}

interface Source {
  readonly target: Subject["publicTarget"];
  /** Prepared ahead: the queue of each client. */
  readonly queues: readonly Buffer[][];
  readonly status: number;
}

/** Three groups of devices: nothing, one operation and twenty operations are pending for their users. */
async function sources(subject: Subject): Promise<Record<Question, () => Source>> {
  const { devices, publicTarget } = subject;
  const headers = await Promise.all(devices.map((device) => device.createToken()));
  const first: string[] = [];
  for (let at = 0; at < clients; at++) {
    const [one] = await subject.createOperations(clients + at, 1);
    first.push(one!.id);
    await subject.createOperations(2 * clients + at, 20);
  }
  const queues = (request: (client: number) => Buffer) =>
    Array.from({ length: clients }, (_, client) => Array.from({ length: each }, () => request(client)));
  const ofDevices = (request: (client: number) => Buffer) => (): Source => ({
    target: publicTarget,
    queues: queues(request),
    status: 200,
  });
  const list = (group: number) =>
    ofDevices((client) => httpRequest(`${base}/list`, headers[group * clients + client]!(), "{}"));
  const parameters = { amount: "1250.00", currency: "EUR", iban: "CZ2730300000001165254011", note: "Rent, November" };
  return {
    list0: list(0),
    list1: list(1),
    list20: list(2),
    detail: ofDevices((client) =>
      httpRequest(
        `${base}/detail`,
        headers[clients + client]!(),
        JSON.stringify({ requestObject: { id: first[client] } }),
      ),
    ),
    status: ofDevices((client) => {
      const challenge = randomBytes(16).toString("base64");
      const { activationId } = devices[client]!;
      return httpRequest(
        "/pa/v3/activation/status",
        {},
        JSON.stringify({ requestObject: { activationId, challenge } }),
      );
    }),
    create: () => ({
      target: subject.privateTarget,
      queues: queues(() =>
        httpRequest(
          "/v1/operations",
          { authorization: subject.authorization, "idempotency-key": randomUUID() },
          JSON.stringify({ template, userId: `other-${randomUUID()}`, applications: [application], parameters }),
        ),
      ),
      status: 201,
    }),
  };
}

async function measured(subject: Subject, { target, queues, status }: Source): Promise<number> {
  const before = cpuMicroseconds(subject.pid);
  const { requests } = await load(
    target,
    clients,
    (worker) => queues[worker]?.pop(),
    (_worker, answered, body) => {
      if (answered !== status) throw new Error(`Answered ${answered}: ${body}`);
    },
  );
  return (cpuMicroseconds(subject.pid) - before) / requests;
}

async function echoRound(echo: Echo): Promise<number> {
  const request = httpRequest("/", {}, JSON.stringify({ requestObject: { id: "x".repeat(36), data: "y".repeat(60) } }));
  let left = clients * each * 4;
  const before = cpuMicroseconds(echo.pid);
  const { requests } = await load({ host: "127.0.0.1", port: echo.ready.port }, clients, () =>
    left-- > 0 ? request : undefined,
  );
  return (cpuMicroseconds(echo.pid) - before) / requests;
}
