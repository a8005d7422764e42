/** What time does to the audit: a checkpoint at every turn, and the end of what nobody has to keep any longer. */
import { type CheckpointOptions, makeCheckpoint } from "./checkpoint.ts";
import { pruneAudit } from "./prune.ts";

export interface Checkpoints {
  /** Makes a last one and ends. */
  stop(): Promise<void>;
}

export interface AuditKeeping extends CheckpointOptions {
  readonly intervalMs: number;
  /** How long events are kept, in ms; 0 for ever. */
  readonly retentionMs: number;
  readonly onError: (error: unknown) => void;
}

/** A checkpoint every `intervalMs` while something changes. Failures are told and tried again at the next turn. */
export function startCheckpoints(options: AuditKeeping): Checkpoints {
  const { store, intervalMs, retentionMs, onError } = options;
  let running: Promise<void> = Promise.resolve();
  const turn = (minimumAgeMs: number) => async (): Promise<void> => {
    await makeCheckpoint(options, minimumAgeMs).catch(onError);
  };
  const prune = async (): Promise<void> => {
    if (retentionMs === 0) return;
    try {
      await pruneAudit(options, (await store.now()) - retentionMs);
    } catch (error) {
      onError(error);
    }
  };
  // Another node may have been quicker: half an interval after its checkpoint there is no need for ours.
  const timer = setInterval(() => {
    running = running.then(turn(intervalMs / 2)).then(prune);
  }, intervalMs);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      return (running = running.then(turn(0)));
    },
  };
}
