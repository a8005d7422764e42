/**
 * Faults that a campaign must catch: tests of the tests. Each changes the text of sources as they are loaded by a server
 * (plant.ts); the product knows nothing of it. A text that is not there exactly once means that the fault is broken.
 */
import type { Scope } from "./campaign.ts";

export interface Edit {
  /** Path below `packages/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Fault extends Scope {
  readonly edits: readonly [Edit, ...Edit[]];
  /** The campaign that must fail, and its size. */
  readonly campaign: "power" | "race" | "attempts";
  readonly store: "sqlite" | "postgres";
  readonly n: number;
  /** It must break one of these rules; another one alone would be an accident. */
  readonly rules: readonly string[];
}

const lost = ["acknowledged-kept", "create-kept", "counter-moved", "attempts-counted"];
const worker = "server/src/store/sqlite/worker.ts";
const authenticate = "server/src/signatures/authenticate.ts";
const decide = "server/src/operations/decide.ts";

const onePower = { campaign: "power", store: "sqlite", n: 1 } as const;
const oneRace = { campaign: "race", store: "sqlite", n: 60 } as const;
const oneAttack = { campaign: "attempts", store: "sqlite", n: 1 } as const;

export const faults: Readonly<Record<string, Fault>> = {
  "sqlite syncs at checkpoints only": {
    edits: [{ file: worker, find: "synchronous = full", replace: "synchronous = normal" }],
    ...onePower,
    rules: lost,
  },
  "sqlite never syncs": {
    edits: [{ file: worker, find: "synchronous = full", replace: "synchronous = off" }],
    ...onePower,
    rules: [...lost, "run-completes"],
  },
  "postgres does not wait for the disk": {
    edits: [
      {
        file: "server/src/store/postgres/connect.ts",
        find: "then 'remote_apply' else 'on' end",
        replace: "then 'remote_apply' else 'off' end",
      },
      {
        file: "server/src/store/postgres/connect.ts",
        find: 'if (commit !== "on" && commit !== "remote_apply")',
        replace: 'if (commit === "never")',
      },
    ],
    campaign: "power",
    store: "postgres",
    n: 3,
    rules: lost,
  },
  "answers leave before their commit": {
    edits: [
      {
        file: worker,
        find: "  port.postMessage(answer(request));",
        replace:
          '  if (request.op === "flush") port.postMessage(nothing), answer(request); else port.postMessage(answer(request));',
      },
    ],
    ...onePower,
    rules: [...lost, "create-accepted"],
  },
  "wrong tries are counted after the answer": {
    edits: [
      {
        file: authenticate,
        find: "const outcome = await commitVerdict(deps, trial, action, activation, verdict, signed);",
        replace: `if (verdict.kind === "wrong-factor") {
          commitVerdict(deps, trial, action, activation, verdict, signed).catch(() => undefined);
          return invalid("wrong-factor", activation, true);
        }
        const outcome = await commitVerdict(deps, trial, action, activation, verdict, signed);`,
      },
    ],
    ...onePower,
    wrongPins: 1,
    rules: ["attempts-counted"],
  },
  "a decided operation can be decided again": {
    edits: [
      {
        file: decide,
        find: "if (operation.status !== transitions[input.action].from)",
        replace: 'if (operation.status === "EXPIRED")',
      },
    ],
    ...oneRace,
    rules: ["one-winner", "one-decision"],
  },
  "a flush holds two commands for one operation": {
    edits: [
      {
        file: "server/src/store/group-commit.ts",
        find: "!item.keys.some((key) => held.has(key))",
        replace: "item.keys.every((key) => held.has(key) || !held.has(key))",
      },
      { file: worker, find: "if (exact && changes !== 1)", replace: "if (exact && changes > 1)" },
    ],
    ...oneRace,
    // Alone, because the two receipts of an approval and a rejection would break the flush and mend it.
    rivals: ["cancel"],
    syncMicroseconds: 5_000,
    rules: ["one-winner", "told-consistently", "one-decision"],
  },
  "postgres neither locks rows nor compares them": {
    edits: [
      {
        file: "server/src/store/postgres/statements.ts",
        find: "t.id = w.id for no key update skip locked",
        replace: "t.id = w.id",
      },
      {
        file: "server/src/store/postgres/statements.ts",
        find: "where t.ctid = x.place${still}`",
        replace: "where t.ctid = x.place`",
      },
    ],
    ...oneRace,
    store: "postgres",
    n: 120,
    rules: ["one-winner", "told-consistently"],
  },
  "time does not end an operation": {
    edits: [{ file: "server/src/operations/operation.ts", find: "now >= operation.expires_at", replace: "now < 0" }],
    ...oneRace,
    rules: ["expired-stays"],
  },
  "idempotency keys are not claimed": {
    edits: [
      {
        file: "server/src/operations/create.ts",
        find: "if (!rows.claimed)",
        replace: "if (rows.claimed === undefined)",
      },
    ],
    ...oneRace,
    rules: ["create-once"],
  },
  "approvals leave no event": {
    edits: [
      {
        file: "server/src/store/flush.ts",
        find: '      add("audit_event", row);',
        replace: '      if (row.type !== "operation.approved") add("audit_event", row);',
      },
    ],
    ...oneRace,
    rules: ["event-written"],
  },
  "the counter stays where it is": {
    edits: [
      {
        file: authenticate,
        find: "counter: activation.counter + verdict.steps,",
        replace: "counter: activation.counter,",
      },
      {
        file: authenticate,
        find: "ctr_data: toBase64(verdict.nextCounter),",
        replace: "ctr_data: activation.ctr_data,",
      },
    ],
    ...oneAttack,
    attacks: ["sameCounters"],
    rules: ["counter-once"],
  },
  "a wrong try does not move the counter": {
    edits: [
      {
        file: authenticate,
        find: '...(verdict.kind === "wrong-factor" ? moved',
        replace: "...(verdict === undefined ? moved",
      },
    ],
    ...oneAttack,
    attacks: ["recordedGuesses"],
    rules: ["replay-counts-nothing"],
  },
  "an outcome is committed whatever changed meanwhile": {
    edits: [{ file: authenticate, find: "!sameState(current, activation)", replace: "!sameState(current, current)" }],
    ...oneAttack,
    store: "postgres",
    n: 4,
    attacks: ["sameCounters"],
    rules: ["counter-once", "guess-refused", "acknowledged-kept"],
  },
  "one try too many": {
    edits: [
      {
        file: authenticate,
        find: "failed >= activation.max_failed_attempts",
        replace: "failed > activation.max_failed_attempts",
      },
    ],
    ...oneAttack,
    attacks: ["guessesOnDevice"],
    rules: ["limit-kept"],
  },
  "possession forgives wrong tries": {
    edits: [{ file: authenticate, find: 'base.factors === "possession" ?', replace: 'base.factors === "biometry" ?' }],
    ...oneAttack,
    attacks: ["recordedGuesses"],
    rules: ["replay-counts-nothing"],
  },
  "wrong tries count without possession": {
    edits: [
      {
        file: "server/src/signatures/verify.ts",
        find: 'if (match === undefined) return { kind: "unproven" };',
        replace: 'if (match === undefined) return { kind: "wrong-without-possession" };',
      },
    ],
    ...oneAttack,
    attacks: ["strangers"],
    rules: ["stranger-counts-nothing", "owner-served"],
  },
  "used nonces are not remembered": {
    edits: [
      {
        file: "server/src/store/flush.ts",
        find: "if (claimed && outcome.claims",
        replace: "if (!claimed && outcome.claims",
      },
    ],
    ...oneAttack,
    attacks: ["sameTokens"],
    rules: ["counter-once"],
  },
  "answers repeat the request's nonce": {
    edits: [
      {
        file: "protocol/src/powerauth/ecies.ts",
        find: "drawOther(random, requestNonce) : undefined",
        replace: "requestNonce : undefined",
      },
    ],
    ...oneAttack,
    attacks: ["sameTokens"],
    rules: ["nonce-fresh"],
  },
  "anybody's device decides": {
    edits: [
      {
        file: decide,
        find: 'if (actor.kind !== "system" && !isEntitled(operation, actor))',
        replace: "if (!isEntitled)",
      },
    ],
    ...oneAttack,
    attacks: ["devicesInDoubt"],
    rules: ["entitled-only"],
  },
  "what was signed is not compared": {
    edits: [{ file: decide, find: 'if (input.data !== operation.data) return "data";', replace: "" }],
    ...oneAttack,
    attacks: ["devicesInDoubt"],
    rules: ["entitled-only"],
  },
};
