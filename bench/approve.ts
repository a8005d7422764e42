/**
 * What does a durable approval cost? CPU against a bare HTTP echo, throughput against the same writes issued raw, and a
 * wrong signature of either kind against a right one. Every round measures all of them, so that each ratio compares
 * figures of the same minute.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../tools/postgres.ts";
import { startChild } from "./child.ts";
import { cpuMicroseconds, parentOf, treeMicroseconds } from "./cpu.ts";
import { httpRequest, load, percentile } from "./load.ts";
import { rawPostgres } from "./raw-postgres.ts";
import { showSpread, type Spread, spreadOf } from "./spread.ts";
import { authorizeRequests, type SignedHow, startSubject, type Subject } from "./subject.ts";

const rounds = 5;
const clients = 64;
const perDevice = 60;

interface Measured {
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

type Series = Record<"echo" | "right" | "single" | "wrongPin" | "unproven", Measured[]>;

export async function approveBench(say: (line: string) => void): Promise<Record<string, number | null>> {
  const echo = await startChild<{ port: number }>("bench/echo-server.ts");
  try {
    say(`${rounds} rounds, ${clients} clients, ${clients * perDevice} approvals each; median [min–max]`);
    const sqlite = await onSqlite(echo, say);
    const postgres = await onPostgres(echo, say);
    return {
      sqlite_cpu_vs_echo: sqlite.cpuVsEcho,
      postgres_cpu_vs_echo: postgres?.cpuVsEcho ?? null,
      sqlite_vs_raw: sqlite.vsRaw,
      postgres_vs_raw: postgres?.vsRaw ?? null,
      wrong_vs_right_cpu: sqlite.wrongVsRight,
    };
  } finally {
    await echo.stop();
  }
}

type Echo = Awaited<ReturnType<typeof startChild<{ port: number }>>>;
interface Ratios {
  readonly cpuVsEcho: number;
  readonly vsRaw: number | null;
  readonly wrongVsRight: number;
}

async function onSqlite(echo: Echo, say: (line: string) => void): Promise<Ratios> {
  const subject = await startSubject(clients);
  const copy = mkdtempSync(join(tmpdir(), "countersign-raw-"));
  try {
    const series = await measure(echo, subject, () => cpuMicroseconds(subject.pid));
    for (let device = 0; device < clients; device++) await subject.createOperations(device, rounds * 50);
    cpSync(subject.dataDirectory, copy, { recursive: true });
    const raw: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const run = await startChild<{ perSecond: number }>("bench/raw-sqlite.ts", [
        join(copy, "countersign.db"),
        "3200",
      ]);
      raw.push(run.ready.perSecond);
      await run.stop();
    }
    return report("sqlite", series, spreadOf(raw), say);
  } finally {
    await subject.stop();
    rmSync(copy, { recursive: true, force: true });
  }
}

async function onPostgres(echo: Echo, say: (line: string) => void): Promise<Ratios | undefined> {
  const cluster = await startPostgres();
  if (cluster === undefined) {
    say("postgres: null, because PostgreSQL was not found");
    return undefined;
  }
  const database = await cluster.createDatabase();
  try {
    process.env.COUNTERSIGN_MASTER_KEY = Buffer.alloc(32, 7).toString("base64");
    const subject = await startSubject(clients, database.url);
    try {
      const postmaster = await postmasterOf(database.url);
      if (postmaster === undefined) say("postgres: its processes are not on this machine; CPU is the server's alone");
      const cpu = () => cpuMicroseconds(subject.pid) + (postmaster === undefined ? 0 : treeMicroseconds(postmaster));
      const series = await measure(echo, subject, cpu);
      for (let device = 0; device < clients; device++) await subject.createOperations(device, 300);
      const raw: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const figure = await rawPostgres(database.url, 3);
        if (typeof figure === "number") raw.push(figure);
        else say(`postgres_vs_raw: null, because ${figure}`);
      }
      return report("postgres", series, raw.length > 0 ? spreadOf(raw) : undefined, say);
    } finally {
      await subject.stop();
    }
  } finally {
    await database.drop();
    await cluster.remove();
  }
}

async function measure(echo: Echo, subject: Subject, cpu: () => number): Promise<Series> {
  const series: Series = { echo: [], right: [], single: [], wrongPin: [], unproven: [] };
  for (let warmUp = 0; warmUp < 3; warmUp++) await approvals(subject, "sign", perDevice, clients, cpu);
  for (let round = 0; round < rounds; round++) {
    series.echo.push(await echoRound(echo));
    series.right.push(await approvals(subject, "sign", perDevice, clients, cpu));
    series.single.push(await approvals(subject, "sign", perDevice * 8, 1, cpu));
    series.wrongPin.push(await approvals(subject, "signWrongPin", perDevice, clients, cpu));
    series.unproven.push(await approvals(subject, "signUnproven", perDevice, clients, cpu));
  }
  return series;
}

async function echoRound(echo: Echo): Promise<Measured> {
  const request = httpRequest("/", {}, JSON.stringify({ requestObject: { id: "x".repeat(36), data: "y".repeat(60) } }));
  let left = clients * perDevice * 4;
  const target = { host: "127.0.0.1", port: echo.ready.port };
  return timed(
    left,
    () => cpuMicroseconds(echo.pid),
    () => load(target, clients, () => (left-- > 0 ? request : undefined)),
  );
}

async function approvals(
  subject: Subject,
  how: SignedHow,
  each: number,
  connections: number,
  cpu: () => number,
): Promise<Measured> {
  const queues: Buffer[][] = [];
  for (const [index, device] of subject.devices.slice(0, connections).entries()) {
    const operations = await subject.createOperations(index, how === "sign" ? each : 1);
    const wanted = how === "sign" ? operations : Array.from({ length: each }, () => operations[0]!);
    queues.push(authorizeRequests(device, wanted, how).reverse());
  }
  const expected = how === "sign" ? [200] : [401, 429];
  return timed(connections * each, cpu, () =>
    load(
      subject.publicTarget,
      connections,
      (worker) => queues[worker]?.pop(),
      (_worker, status, body) => {
        if (!expected.includes(status)) throw new Error(`${how} answered ${status}: ${body}`);
      },
    ),
  );
}

async function timed(count: number, cpu: () => number, run: () => ReturnType<typeof load>): Promise<Measured> {
  const before = cpu();
  const { requests, seconds, latencies } = await run();
  if (requests !== count) throw new Error(`${requests} answers to ${count} requests`);
  const used = cpu() - before;
  return {
    cpu: used / count,
    perSecond: count / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

function report(store: string, series: Series, raw: Spread | undefined, say: (line: string) => void): Ratios {
  const of = (name: keyof Series, field: keyof Measured) => spreadOf(series[name].map((round) => round[field]));
  const ratio = (name: keyof Series, field: keyof Measured, base: keyof Series) =>
    spreadOf(series[name].map((round, index) => round[field] / series[base][index]![field]));
  const cpuVsEcho = ratio("right", "cpu", "echo");
  const wrong = [ratio("wrongPin", "cpu", "right"), ratio("unproven", "cpu", "right")] as const;
  const vsRaw = raw === undefined ? null : of("right", "perSecond").median / raw.median;
  say(
    `${store}: CPU µs  echo ${showSpread(of("echo", "cpu"))}  approve ${showSpread(of("right", "cpu"))}  one client ${showSpread(of("single", "cpu"))}`,
  );
  say(
    `${store}: CPU µs  wrong PIN ${showSpread(of("wrongPin", "cpu"))}  no possession ${showSpread(of("unproven", "cpu"))}`,
  );
  say(
    `${store}: approve/echo CPU ${showSpread(cpuVsEcho)}  wrong PIN/right ${showSpread(wrong[0], 2)}  no possession/right ${showSpread(wrong[1], 2)}`,
  );
  say(
    `${store}: ms  64 clients p50 ${showSpread(of("right", "p50"))} p99 ${showSpread(of("right", "p99"))}  1 client p50 ${showSpread(of("single", "p50"), 2)} p99 ${showSpread(of("single", "p99"), 2)}`,
  );
  say(
    `${store}: per second  approve ${showSpread(of("right", "perSecond"), 0)}  raw writes ${raw === undefined ? "none" : showSpread(raw, 0)}  ratio ${vsRaw?.toFixed(2) ?? "null"}`,
  );
  return { cpuVsEcho: cpuVsEcho.median, vsRaw, wrongVsRight: Math.max(wrong[0].median, wrong[1].median) };
}

async function postmasterOf(url: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const parent = parentOf(rows[0]?.pid ?? 0);
  await client.end();
  return parent;
}
