/** Flags of an activation: free texts by which a back office marks it. Some hold or allow operations. */
import { isName } from "../applications/application.ts";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { activationEvent, flagsOf } from "./activation.ts";

export interface FlagsInput {
  readonly activationId: string;
  readonly flags: readonly string[];
  readonly clientId?: string | undefined;
}

/** Refuses `activation-not-found`. */
export async function listFlags(deps: Pick<Deps, "store">, activationId: string): Promise<readonly string[] | Refusal> {
  const activation = await deps.store.findActivation(activationId);
  return activation === undefined ? refuse("activation-not-found") : flagsOf(activation);
}

/** All three return the flags as they are afterwards; they refuse `activation-not-found` and `invalid-request`. */
export function addFlags(deps: Pick<Deps, "store">, input: FlagsInput): Promise<readonly string[] | Refusal> {
  return changeFlags(deps, input, (flags) => [...flags, ...input.flags]);
}

export function setFlags(deps: Pick<Deps, "store">, input: FlagsInput): Promise<readonly string[] | Refusal> {
  return changeFlags(deps, input, () => input.flags);
}

export function removeFlags(deps: Pick<Deps, "store">, input: FlagsInput): Promise<readonly string[] | Refusal> {
  return changeFlags(deps, input, (flags) => flags.filter((flag) => !input.flags.includes(flag)));
}

const tries = 3;

async function changeFlags(
  deps: Pick<Deps, "store">,
  input: FlagsInput,
  changed: (flags: readonly string[]) => readonly string[],
): Promise<readonly string[] | Refusal> {
  if (!input.flags.every(isName)) return refuse("invalid-request", "activationFlags - 1 to 255 characters each");
  for (let attempt = 0; attempt < tries; attempt++) {
    const activation = await deps.store.findActivation(input.activationId);
    if (activation === undefined) return refuse("activation-not-found");
    const before = flagsOf(activation);
    const after = [...new Set(changed(before))];
    if (JSON.stringify(after) === activation.flags) return after;
    const done = await deps.store.transaction(async (change) => {
      const row = await change.db
        .updateTable("activation")
        .set({ flags: JSON.stringify(after), changed_at: change.now })
        .where("tenant", "=", deps.store.tenant)
        .where("id", "=", input.activationId)
        // Whoever changed them meanwhile is not overwritten.
        .where("flags", "=", activation.flags)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return false;
      change.record(activationEvent("activation.flags.changed", row, { before, clientId: input.clientId }));
      return true;
    });
    if (done) return after;
  }
  return refuse("unavailable");
}
