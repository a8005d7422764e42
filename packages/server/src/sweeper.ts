/** What time does by itself: expiry is written down, and rows that nobody needs any more are removed. */
import { sweepActivations } from "./activations/expire.ts";
import type { Deps } from "./deps.ts";
import { sweepReplays } from "./encryption/replay.ts";
import { sweepTemporaryKeys } from "./encryption/temporary-key.ts";
import { expireOverdue } from "./operations/expire.ts";
import { forgetOldKeys } from "./operations/idempotency.ts";
import { sweepRecords } from "./oidc/records.ts";
import { sweepOutbox } from "./notifications/delivery/queue.ts";

/** Each is safe on any number of nodes at once, and bounded, so that a backlog never holds the store for long. */
const sweeps: Readonly<Record<string, (deps: Deps) => Promise<unknown>>> = {
  operations: (deps) => expireOverdue(deps),
  activations: (deps) => sweepActivations(deps),
  "temporary keys": (deps) => sweepTemporaryKeys(deps),
  replays: (deps) => sweepReplays(deps),
  "idempotency keys": (deps) => forgetOldKeys(deps),
  "OpenID records": (deps) => sweepRecords(deps),
  outbox: (deps) => sweepOutbox(deps),
};

export interface Sweeper {
  /** Waits for the sweep under way. */
  stop(): Promise<void>;
}

export function startSweeper(deps: Deps): Sweeper {
  const intervalMs = deps.config.sweepSeconds * 1000;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const schedule = () => {
    timer = setTimeout(() => {
      running = sweepAll(deps).then(() => (stopped ? undefined : schedule()));
    }, intervalMs);
  };
  schedule();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      return running;
    },
  };
}

async function sweepAll(deps: Deps): Promise<void> {
  for (const [name, sweep] of Object.entries(sweeps)) {
    try {
      await sweep(deps);
    } catch (error) {
      deps.log.warn(
        { sweep: name, error: error instanceof Error ? error.name : "unknown" },
        "sweep failed; it runs again",
      );
    }
  }
}
