/** Runs one test on both dialects, each on an audit of its own with two lanes and two checkpoints. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { makeCheckpoint } from "../src/audit/checkpoint.ts";
import { type AuditReport, verifyAudit } from "../src/audit/verify.ts";
import type { Schema } from "../src/store/schema.ts";
import { record } from "./hot-commands.ts";
import { draft } from "./store-rows.ts";
import { forEachStore, type TestStore } from "./stores.ts";

export const tenant = "default";

export interface Audit extends TestStore {
  readonly file: string;
  readonly flushLane: string;
  readonly ordinaryLane: string;
  verify(): Promise<AuditReport>;
  /** Codes of what is reported, with the place. */
  problems(): Promise<string[]>;
  /** Changes the tables behind the store's back. */
  tamper(work: (db: Kysely<Schema>) => Promise<unknown>): Promise<void>;
  checkpoint(): Promise<number | undefined>;
}

/** Twelve events in two lanes; checkpoint 1 after the first six, checkpoint 2 after the rest, then one more event. */
export function forEachAudit(title: string, work: (audit: Audit) => Promise<void>): void {
  forEachStore(title, async (opened) => {
    const { store, signingKeys, dialect, dataDirectory } = opened;
    const file = join(dataDirectory, "checkpoints.jsonl");
    const checkpoint = () => makeCheckpoint({ store, signingKeys, file });
    const keys = { keys: [...(await signingKeys.current()).jwks.keys] };
    const verify = () => verifyAudit({ db: store.read, dialect, tenant, keys, checkpointFile: file });
    for (const round of [1, 2]) {
      for (const at of [1, 2, 3]) {
        await store.commit(record(`flush ${round}.${at}`));
        await store.transaction(async (change) =>
          change.record(draft("application.created", `ordinary ${round}.${at}`)),
        );
      }
      assert.equal(await checkpoint(), round);
    }
    await store.commit(record("flush last"));
    const lanes = await store.read.selectFrom("audit_lane").select(["id", "purpose"]).execute();
    const laneOf = (purpose: string) => lanes.find((lane) => lane.purpose === purpose)!.id;
    const clean = await verify();
    assert.deepEqual(clean, {
      ok: true,
      lanes: 2,
      events: 13,
      checkpoints: 2,
      erased: 0,
      pruned: 0,
      uncovered: 1,
      problems: [],
    });
    await work({
      ...opened,
      file,
      flushLane: laneOf("flush"),
      ordinaryLane: laneOf("ordinary"),
      checkpoint,
      verify,
      tamper: (change) => store.transaction(async ({ db }) => void (await change(db))),
      async problems() {
        const { problems, ok } = await verify();
        assert.equal(ok, problems.length === 0);
        return problems.map(({ code, lane, seq, checkpoint: number }) =>
          [
            code,
            lane === laneOf("flush") ? "flush" : lane === laneOf("ordinary") ? "ordinary" : lane ? "other" : "",
            seq ?? "",
            number ? `#${number}` : "",
          ]
            .filter((part) => part !== "")
            .join(" "),
        );
      },
    });
  });
}
