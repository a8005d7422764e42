/** Gives an activation another name: the back office, or the device itself with a signature. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { authenticate, type Authentication, evidenceData, type SignedRequest } from "../signatures/authenticate.ts";
import type { ActivationRow } from "../store/store.ts";
import { activationEvent, askedBy, historyRow, isText, writeHistory } from "./activation.ts";

export interface ActivationRename {
  readonly activationId: string;
  /** 1–255 characters. */
  readonly name: string;
  readonly externalUserId?: string | undefined;
  readonly clientId?: string | undefined;
}

const reason = "ACTIVATION_NAME_UPDATED";

/** From the key exchange to the end. Refuses `invalid-request`, `activation-not-found` and `activation-state`. */
export async function renameActivation(
  deps: Pick<Deps, "random" | "store">,
  input: ActivationRename,
): Promise<ActivationRow | Refusal> {
  if (!isActivationName(input.name)) return refuse("invalid-request", "activationName - 1 to 255 characters");
  const renamed = await deps.store.transaction(async (change) => {
    const row = await change.db
      .updateTable("activation")
      .set({ name: input.name, changed_at: change.now })
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", input.activationId)
      .where("status", "in", ["PENDING_COMMIT", "ACTIVE", "BLOCKED"])
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    await writeHistory(deps, change, row, { ...input, reason });
    change.record(activationEvent("activation.renamed", row, askedBy({ ...input, reason })));
    return row;
  });
  if (renamed !== undefined) return renamed;
  const activation = await deps.store.findActivation(input.activationId);
  return refuse(activation === undefined ? "activation-not-found" : "activation-state");
}

export interface RenamedActivation {
  readonly activationId: string;
  readonly activationName: string;
  /** The server's time of the commit. */
  readonly now: number;
}

/** Signature, counter and name in one commit. A name that is none changes nothing but the counter. */
export function renameOwnActivation(
  deps: Parameters<typeof authenticate>[0],
  request: SignedRequest,
  name: unknown,
): Promise<Authentication<RenamedActivation | Refusal>> {
  return authenticate<RenamedActivation | Refusal>(deps, "public", request, {
    accepted(proof, _rows, now) {
      if (!isActivationName(name)) return { result: refuse("invalid-request") };
      const renamed: ActivationRow = { ...proof.activation, name, changed_at: now };
      return {
        result: { activationId: renamed.id, activationName: name, now },
        activation: { name, changed_at: now },
        writes: {
          events: [activationEvent("activation.renamed", renamed, { by: "device", evidence: evidenceData(proof) })],
          history: historyRow(deps, renamed, now, { reason }),
        },
      };
    },
  });
}

function isActivationName(name: unknown): name is string {
  return isText(name, 255) && name.length > 0;
}
