/**
 * What does a decision of an Approve device cost? CPU of the call that answers (two ES256 signatures are verified in it:
 * the proof's and the answer's) against one bare ECDSA verification in the same round, before and after the calls.
 * Fetching and signing are not measured.
 */
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { answerDigest, noAnswer } from "@countersign/protocol/approve/response";
import { type ApproveDevice, enrolDevice, sha256 } from "../tools/approve-device.ts";
import { startPostgres } from "../tools/postgres.ts";
import { cpuMicroseconds } from "./cpu.ts";
import { httpRequest, load } from "./load.ts";
import { showSpread, spreadOf } from "./spread.ts";
import { application, startSubject, type Subject } from "./subject.ts";

const rounds = 5;
const clients = 32;
const each = 40;
/** Answers until the server is as fast as it gets: code is compiled while it warms up, and that is not what is asked. */
const warmUps = 3;

export async function approveEs256Bench(say: (line: string) => void): Promise<Record<string, number | null>> {
  say(`${rounds} rounds, ${clients} clients, ${clients * each} answers each; median [min–max]`);
  const sqlite = await onStore("sqlite", undefined, say);
  const cluster = await startPostgres();
  if (cluster === undefined) {
    say("postgres: null, because PostgreSQL was not found");
    return { ...sqlite, postgres_answer_vs_verify: null };
  }
  const database = await cluster.createDatabase();
  try {
    process.env.COUNTERSIGN_MASTER_KEY = Buffer.alloc(32, 7).toString("base64");
    return { ...sqlite, ...(await onStore("postgres", database.url, say)) };
  } finally {
    await database.drop();
    await cluster.remove();
  }
}

/** On PostgreSQL the figures are the server's alone: the database may be on another machine. */
async function onStore(
  name: string,
  url: string | undefined,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  const subject = await startSubject(0, url);
  try {
    const phones = await enrolled(subject);
    for (let warmUp = 0; warmUp < warmUps; warmUp++) await answers(subject, phones);
    const cost: number[] = [];
    const anchor: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { bare, answer } = await answers(subject, phones);
      anchor.push(bare);
      cost.push(answer);
    }
    const ratio = spreadOf(cost.map((one, round) => one / anchor[round]!));
    say(
      `${name}: CPU µs  verify ${showSpread(spreadOf(anchor))}  answer ${showSpread(spreadOf(cost))}  ratio ${showSpread(ratio)}`,
    );
    return { [`${name}_answer_vs_verify`]: ratio.median };
  } finally {
    await subject.stop();
  }
}

interface Phone {
  readonly device: ApproveDevice;
  /** Place of the next answer in the container's sequence. */
  seq: number;
  prev: string;
}

async function enrolled(subject: Subject): Promise<Phone[]> {
  const privateUrl = `http://${subject.privateTarget.host}:${subject.privateTarget.port}`;
  const url = `http://${subject.publicTarget.host}:${subject.publicTarget.port}`;
  const ask = async (method: string, path: string, body: object): Promise<{ offer: string }> => {
    const headers = { "content-type": "application/json", authorization: subject.authorization };
    const response = await fetch(`${privateUrl}/v1${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as { offer: string };
  };
  await ask("PUT", "/device-types/phone", {
    applicationId: application,
    countermeasures: {
      disabledTimeReset: 900,
      challengeTimeoutPeriod: -1,
      challengeDisableThreshold: -1,
      disableThreshold: 5,
      mostOutstanding: 1000,
      deniedThreshold: -1,
    },
  });
  const phones: Phone[] = [];
  for (let index = 0; index < clients; index++) {
    const { offer } = await ask("POST", "/offers", { userId: `user-${index}`, deviceType: "phone" });
    phones.push({ device: await enrolDevice({ url, offer }), seq: 0, prev: noAnswer });
  }
  return phones;
}

/** CPU microseconds of a bare verification, and of the server for each answer. */
async function answers(
  subject: Subject,
  phones: readonly Phone[],
): Promise<{ readonly bare: number; readonly answer: number }> {
  const signed = await Promise.all(phones.map((phone, index) => signedAnswers(subject, phone, index)));
  const earlier = bareVerify();
  // Last of all, because a proof is good for a minute.
  const queues = await Promise.all(signed.map((all, index) => requestsOf(phones[index]!, all)));
  const before = cpuMicroseconds(subject.pid);
  const { requests } = await load(
    subject.publicTarget,
    clients,
    (worker) => queues[worker]!.shift(),
    (_worker, status, body) => {
      if (status !== 200) throw new Error(`An answer got ${status}: ${body}`);
    },
  );
  if (requests !== clients * each) throw new Error(`${requests} answers`);
  const answer = (cpuMicroseconds(subject.pid) - before) / requests;
  return { bare: (earlier + bareVerify()) / 2, answer };
}

interface SignedAnswer {
  readonly path: string;
  readonly body: string;
}

/** Fetched and signed, in the order in which they have to arrive. */
async function signedAnswers(subject: Subject, phone: Phone, index: number): Promise<SignedAnswer[]> {
  const { device } = phone;
  const signed: SignedAnswer[] = [];
  for (const { id } of await subject.createOperations(index, each)) {
    const { seq, prev } = phone;
    const response = await device.answer(await device.fetch(id), "approve", { claims: { seq: seq + 1, prev } });
    Object.assign(phone, { seq: seq + 1, prev: answerDigest(sha256, response) });
    signed.push({ path: `/approve/v1/transactions/${id}/response`, body: JSON.stringify({ response }) });
  }
  return signed;
}

function requestsOf({ device }: Phone, signed: readonly SignedAnswer[]): Promise<Buffer[]> {
  return Promise.all(
    signed.map(async ({ path, body }) => httpRequest(path, { dpop: await device.proof("POST", path, body) }, body)),
  );
}

const verifications = 1500;

function bareVerify(): number {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const data = Buffer.alloc(600, 1);
  const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
  const signature = sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const before = process.cpuUsage();
  for (let count = 0; count < verifications; count++) {
    if (!verify("sha256", data, key, signature)) throw new Error("A right signature is wrong");
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / verifications;
}
