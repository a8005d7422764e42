/**
 * The device API of the Approve protocol, fuzzed over HTTP: nothing is accepted whose proof or message was changed, what
 * is refused changes nothing but the tries it counts, and a request that went through does not go through again.
 */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { rubbish, spoiled } from "../../tools/fuzz/inputs.ts";
import {
  answerCall,
  type ApproveCall,
  approveCalls,
  newPhone,
  type Phone,
  respoiled,
  type Spoiling,
} from "./approve-calls.ts";
import { type Edit, edited, edits, type Json, nudges, type Request, textEdit } from "./requests.ts";
import { cpu, type Exchange, jsonOf, parsed, serverTarget, wrongWith } from "./server-target.ts";
import type { Target } from "./target.ts";

interface World {
  readonly publicUrl: string;
  readonly databaseFile: string;
  readonly exchange: Exchange;
  ask(path: string, body: Json, method?: string): Promise<Json>;
}

const none: fc.Arbitrary<readonly Edit[]> = fc.constant([]);
const keys: fc.Arbitrary<Spoiling["key"]> = fc.constantFrom("right", "right", "right", "right", "other", "stranger");
/** Many messages and proofs are right, so that the other half of the request is looked at. */
const messages: fc.Arbitrary<Spoiling> = fc.oneof(
  fc.constant({ header: [], claims: [], text: undefined, key: "right" as const }),
  fc.record({ header: none, claims: edits, text: fc.constant(undefined), key: keys }),
  fc.record({ header: none, claims: nudges, text: fc.constant(undefined), key: fc.constant("right" as const) }),
  fc.record({ header: edits, claims: none, text: fc.constant(undefined), key: fc.constant("right" as const) }),
  fc.record({ header: none, claims: none, text: textEdit, key: keys }),
);
const proofs = fc.oneof(
  { weight: 6, arbitrary: messages },
  { weight: 1, arbitrary: fc.constant("none" as const) },
  { weight: 1, arbitrary: rubbish },
  { weight: 1, arbitrary: spoiled(fc.constant("eyJhbGciOiJFUzI1NiJ9.e30.AAAA")) },
);
/** Most bodies are as they should be: there is enough to spoil inside them. */
const bodies = fc.oneof({ weight: 2, arbitrary: none }, { weight: 1, arbitrary: edits });
const texts = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: textEdit });

export function approveTarget(world: World): Target {
  const rows = openRows(world.databaseFile);
  let phone: Phone | undefined;
  let made = 0;
  const late = fc.constantFrom(false, false, false, true);
  // A third of all calls answer a transaction: that is what an attacker is after.
  const calls = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...approveCalls) },
    { weight: 1, arbitrary: fc.constant(answerCall) },
  );
  const inputs = fc.record({ call: calls, message: messages, proof: proofs, changes: bodies, text: texts, late });
  const target = serverTarget("Approve routes", 2, inputs, async (input) => {
    // A nonce of the server is good for some minutes, and an offer for some more.
    if (phone === undefined || Date.now() - phone.madeAt > 60_000)
      phone = await newPhone(world.publicUrl, world.ask, made++);
    const current = phone;
    const call = await input.call(current, input.message);
    const { whole, isRight } = await requestOf(call, input);
    const before = rows.of(current);
    const spent = cpu();
    const answer = await world.exchange(world.publicUrl, whole);
    const ms = spent();
    const accepted = answer.status < 300;
    const { code } = (parsed(answer.body) ?? {}) as { code?: string };
    if ((accepted && call.consumes) || code?.startsWith("container-")) phone = undefined;
    const wrong =
      wrongWith(answer, jsonOf(answer), "problem") ??
      (accepted
        ? await wronglyAccepted(call, { whole, isRight, of: current })
        : changed(before, rows.of(current), code));
    return { accepted, whole, ms, ...(wrong !== undefined && { wrong: `${wrong}: ${answer.status} ${answer.body}` }) };
  });
  return { ...target, run: (...more) => target.run(...more).finally(rows.close) };

  /** Once more it is refused, and changes nothing. */
  async function wronglyAccepted(
    { prover }: ApproveCall,
    { whole, isRight, of }: Sent & { readonly of: Phone },
  ): Promise<string | undefined> {
    if (!isRight) return "accepted, though it was changed";
    if (prover === undefined) return undefined;
    const before = rows.of(of);
    const again = await world.exchange(world.publicUrl, whole);
    if (again.status < 300) return "accepted twice with one proof";
    return wrongWith(again, jsonOf(again), "problem") ?? changed(before, rows.of(of), undefined);
  }
}

interface Sent {
  readonly whole: Request;
  readonly isRight: boolean;
}

interface Input {
  readonly proof: Spoiling | string;
  readonly changes: readonly Edit[];
  readonly text: ((text: string) => string) | undefined;
  /** Whether the body is changed once its proof is made. */
  readonly late: boolean;
}

async function requestOf(
  { method, path, body, member, message, prover }: ApproveCall,
  { proof, changes, text, late }: Input,
): Promise<Sent> {
  const plain = body === undefined ? message?.text : JSON.stringify(edited(body, changes));
  const sent = plain === undefined || text === undefined || message?.text === plain ? plain : text(plain);
  const carries = member === undefined || memberOf(sent, member) === message?.text;
  const request = { method, path, query: {}, body: sent };
  const fits = (message?.isRight ?? true) && carries;
  if (prover === undefined) return { whole: { ...request, headers: {} }, isRight: fits };
  if (proof === "none") return { whole: { ...request, headers: {} }, isRight: false };
  if (typeof proof === "string") return { whole: { ...request, headers: { dpop: sendable(proof) } }, isRight: false };
  const proven = late ? (body === undefined ? message?.text : JSON.stringify(body)) : sent;
  const right = await prover.proof(method, path, proven ?? "");
  const own = await respoiled(right, prover.keys, "pop", proof, ["jti"]);
  const isRight = fits && own.isRight && proven === sent;
  return { whole: { ...request, headers: { dpop: sendable(own.text) } }, isRight };
}

function memberOf(text: string | undefined, member: string): unknown {
  const body = parsed(text ?? "");
  return typeof body === "object" && body !== null ? (body as Record<string, Json>)[member] : undefined;
}

/** Anything else does not get as far as the server. */
function sendable(header: string): string {
  return header.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "").slice(0, 8000);
}

type Rows = Readonly<Record<string, unknown>>;

/** Columns that a counted try changes. */
const counting = ["failed_attempts", "last_used_at", "status", "blocked_reason", "changed_at", "failure_count"];

function changed(before: Rows, after: Rows, code: string | undefined): string | undefined {
  const counts = code === "signature-wrong" || code === "container-blocked";
  const text = (rows: Rows) => JSON.stringify(rows, (name, value) => (counts && counting.includes(name) ? 0 : value));
  return text(before) === text(after) ? undefined : `changed ${text(before)} to ${text(after)}`;
}

/** What the store holds of one phone, and how much there is of everything, read with a connection of our own. */
function openRows(file: string) {
  const db = new DatabaseSync(file, { readOnly: true });
  const own = {
    activation: "select * from activation where id = ?",
    container: "select * from container where activation_id = ?",
    keys: "select * from container_key where activation_id = ? order by kid",
    issued: "select message_sealed from issued_transaction where activation_id = ?",
    push: "select * from push_device where activation_id = ?",
    operation:
      "select * from operation where id = (select operation_id from issued_transaction where activation_id = ?)",
  };
  const counts = ["activation", "enrol_offer", "operation", "decision", "answered_transaction", "direct_request"];
  const used = "(select count(*) from enrol_offer where activation_id is null) as unused";
  const all = `select ${counts.map((table) => `(select count(*) from ${table}) as ${table}`).join(", ")}, ${used}`;
  const ask = Object.entries(own).map(([name, sql]) => [name, db.prepare(sql)] as const);
  const total = db.prepare(all);
  return {
    of: ({ device: { cid } }: Phone): Rows => ({
      ...Object.fromEntries(ask.map(([name, statement]) => [name, statement.all(cid)])),
      total: total.get(),
    }),
    close: () => db.close(),
  };
}
