/**
 * What does an approval by CIBA cost, from the relying party's request over the device's approval to the token? CPU of
 * the round trip against oidc-provider by itself, which keeps everything in memory and approves by itself; and a poll
 * that has to wait, against a bare HTTP echo. Every round measures all of them.
 */
import { startPostgres } from "../tools/postgres.ts";
import { type Child, startChild } from "./child.ts";
import { cpuMicroseconds } from "./cpu.ts";
import { httpRequest, load } from "./load.ts";
import { showSpread, spreadOf } from "./spread.ts";
import { application, authorizePath, startSubject, type Subject, template } from "./subject.ts";

/** Rounds that are not counted: code is compiled in them, of which we have more than the bare provider. */
const warmUps = 2;
const rounds = 5;
const clients = 32;
/** Round trips of a client, each for a user of its own: the server lets nobody be asked too often. */
const each = 32;
/** What costs little is asked for more often, for the kernel's clock counts in 10 ms. */
const eachOfBare = 64;
const polls = 120;
const echoes = 480;
const grant = encodeURIComponent("urn:openid:params:grant-type:ciba");

const parts = ["start", "approve", "token", "poll"] as const;
type Costs = Record<(typeof parts)[number], number>;
type Ported = Child<{ port: number }>;

export async function cibaBench(say: (line: string) => void): Promise<Record<string, number | null>> {
  const echo: Ported = await startChild("bench/echo-server.ts");
  const bare: Ported = await startChild("bench/bare-provider.ts", [], { NODE_NO_WARNINGS: "1" });
  try {
    say(`${rounds} rounds after ${warmUps}, ${clients} clients, ${clients * each} round trips each; median [min–max]`);
    const sqlite = await onStore("sqlite", { echo, bare }, undefined, say);
    const cluster = await startPostgres();
    if (cluster === undefined) {
      say("postgres: null, because PostgreSQL was not found");
      return { ...sqlite, postgres_trip_vs_bare: null, postgres_poll_vs_echo: null };
    }
    const database = await cluster.createDatabase();
    try {
      process.env.COUNTERSIGN_MASTER_KEY = Buffer.alloc(32, 7).toString("base64");
      return { ...sqlite, ...(await onStore("postgres", { echo, bare }, database.url, say)) };
    } finally {
      await database.drop();
      await cluster.remove();
    }
  } finally {
    await bare.stop();
    await echo.stop();
  }
}

interface Anchors {
  readonly echo: Ported;
  readonly bare: Ported;
}

/** On PostgreSQL the figures are the server's alone: the database may be on another machine. */
async function onStore(
  name: string,
  { echo, bare }: Anchors,
  url: string | undefined,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  const subject = await startSubject(clients * each, url);
  try {
    const ours = await ourSide(subject);
    const theirs = theirSide(bare);
    const echoed: number[] = [];
    const cost: Costs[] = [];
    const anchor: Costs[] = [];
    for (let round = -warmUps; round < rounds; round++) {
      const used = await echoRound(echo);
      const [a, b] = [await trips(theirs), await trips(ours)];
      if (round < 0) continue;
      echoed.push(used);
      anchor.push(a);
      cost.push(b);
    }
    const whole = ({ start, approve, token }: Costs) => start + approve + token;
    const trip = spreadOf(cost.map((one, at) => whole(one) / whole(anchor[at]!)));
    const poll = spreadOf(cost.map((one, at) => echoed[at]! / one.poll));
    const barePoll = spreadOf(anchor.map((one, at) => echoed[at]! / one.poll));
    say(`${name}: CPU µs  echo ${showSpread(spreadOf(echoed))}`);
    for (const part of parts) {
      const of = (all: readonly Costs[]) => showSpread(spreadOf(all.map((one) => one[part])));
      say(`${name}: CPU µs  ${part} ${of(cost)}  bare ${of(anchor)}`);
    }
    say(
      `${name}: CPU µs  round trip ${showSpread(spreadOf(cost.map(whole)))}  bare ${showSpread(spreadOf(anchor.map(whole)))}`,
    );
    say(
      `${name}: round trip / bare ${showSpread(trip, 2)}  echo/poll ${showSpread(poll, 2)}  echo/bare poll ${showSpread(barePoll, 2)}`,
    );
    return { [`${name}_trip_vs_bare`]: trip.median, [`${name}_poll_vs_echo`]: poll.median };
  } finally {
    await subject.stop();
  }
}

interface Side {
  readonly pid: number;
  /** Round trips of a client. */
  readonly each: number;
  readonly target: { readonly host: string; readonly port: number };
  readonly prefix: string;
  readonly authorization: string;
  /** Requests that approve what was just started, signed ahead; none where it is approved already. */
  approvals(): Promise<readonly Buffer[][]>;
  /** Whose request nobody approves in this round. */
  waiting(): string;
}

function theirSide({ pid, ready: { port } }: Ported): Side {
  const authorization = `Basic ${Buffer.from("bench:bench-secret-of-at-least-32-characters").toString("base64")}`;
  const target = { host: "127.0.0.1", port };
  return {
    pid,
    each: eachOfBare,
    target,
    prefix: "",
    authorization,
    approvals: async () => [],
    waiting: () => "pending",
  };
}

async function ourSide(subject: Subject): Promise<Side> {
  const { privateTarget, publicTarget, devices, pid } = subject;
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`http://${privateTarget.host}:${privateTarget.port}/v1${path}`, {
      method,
      headers: { authorization: subject.authorization, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Record<string, never>;
  };
  const made = await ask("POST", "/oidc-clients", {
    client_name: "bench",
    countersign: { applications: [application], template },
  });
  const authorization = `Basic ${Buffer.from(`${made["client_id"]}:${made["client_secret"]}`).toString("base64")}`;
  async function pending(): Promise<Pending[]> {
    const found: Pending[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined;) {
      const more = cursor === "" ? "" : `&cursor=${cursor}`;
      const page = (await ask("GET", `/operations?status=PENDING&limit=100${more}`)) as unknown as Page;
      found.push(...page.items);
      cursor = page.nextCursor;
    }
    return found;
  }
  let rest = 0;
  return {
    pid,
    each,
    target: publicTarget,
    prefix: "/oidc",
    authorization,
    waiting: () => `user-${rest++}`,
    async approvals() {
      const signed: Buffer[][] = Array.from({ length: clients }, () => []);
      for (const { id, data, userId } of await pending()) {
        const at = Number(userId.replace("user-", ""));
        const body = JSON.stringify({ requestObject: { id, data } });
        const headers = devices[at]!.sign("/operation/authorize", body);
        signed[at % clients]!.push(httpRequest(authorizePath, headers, body));
      }
      return signed;
    },
  };
}

interface Pending {
  readonly id: string;
  readonly data: string;
  readonly userId: string;
}

interface Page {
  readonly items: readonly Pending[];
  readonly nextCursor?: string;
}

/** Microseconds of the server's CPU for each step of a round trip, and for a poll. */
async function trips(side: Side): Promise<Costs> {
  const ids: string[][] = Array.from({ length: clients }, () => []);
  const starts = queues((client, at) => startForm(side, `user-${client + at * clients}`), side.each);
  const start = await measured(side, starts, 200, (client, body) => {
    ids[client]!.push((JSON.parse(body) as { auth_req_id: string }).auth_req_id);
  });
  const signed = await side.approvals();
  const approve = signed.length === 0 ? 0 : await measured(side, signed, 200);
  const tokens = ids.map((mine) => mine.map((id) => tokenForm(side, id)));
  const token = await measured(side, tokens, 200);
  let waiting = "";
  await measured(side, [[startForm(side, side.waiting())]], 200, (_client, body) => {
    waiting = (JSON.parse(body) as { auth_req_id: string }).auth_req_id;
  });
  const poll = await measured(
    side,
    queues(() => tokenForm(side, waiting), polls),
    400,
  );
  // Nothing may wait when the next round asks what does.
  await measured(side, await side.approvals(), 200);
  return { start, approve, token, poll };
}

function queues(request: (client: number, at: number) => Buffer, count: number): Buffer[][] {
  return Array.from({ length: clients }, (_, client) => Array.from({ length: count }, (__, at) => request(client, at)));
}

const form = ({ prefix, authorization }: Side, path: string, body: string) =>
  httpRequest(prefix + path, { authorization }, body, "application/x-www-form-urlencoded");

const startForm = (side: Side, user: string) =>
  form(side, "/backchannel", `scope=openid&binding_message=A7K2&requested_expiry=3600&login_hint=${user}`);

const tokenForm = (side: Side, id: string) => form(side, "/token", `grant_type=${grant}&auth_req_id=${id}`);

async function measured(
  side: Side,
  requests: readonly Buffer[][],
  expected: number,
  answered: (client: number, body: string) => void = () => undefined,
): Promise<number> {
  const left = requests.map((queue) => [...queue]);
  const total = left.reduce((sum, queue) => sum + queue.length, 0);
  if (total === 0) return 0;
  const before = cpuMicroseconds(side.pid);
  await load(
    side.target,
    left.length,
    (client) => left[client]!.shift(),
    (client, status, body) => {
      if (status !== expected) throw new Error(`Answered ${status}: ${body}`);
      answered(client, body);
    },
  );
  return (cpuMicroseconds(side.pid) - before) / total;
}

async function echoRound({ pid, ready: { port } }: Ported): Promise<number> {
  const request = httpRequest("/", {}, "{}");
  const left = queues(() => request, echoes);
  const before = cpuMicroseconds(pid);
  await load({ host: "127.0.0.1", port }, clients, (client) => left[client]!.shift());
  return (cpuMicroseconds(pid) - before) / (clients * echoes);
}
