/**
 * The signatures that were verified for a user, right and wrong, as the audit has them: events of the user's activations
 * that state a signature as their evidence, and decisions, whose evidence stands in their receipt.
 */
import type { Evidence, ReceiptClaims } from "@countersign/protocol/receipt";
import type { EventType } from "../audit/event.ts";
import type { Deps } from "../deps.ts";
import type { ActivationRow } from "../store/store.ts";

export interface SignatureFilter {
  readonly userId: string;
  /** Undefined for every application. */
  readonly applicationIds?: readonly string[] | undefined;
  /** Epoch ms, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface VerifiedSignature {
  /** UUID of the event or the operation. */
  readonly id: string;
  readonly at: number;
  readonly userId: string;
  readonly applicationId: string;
  readonly activationId: string;
  readonly valid: boolean;
  /** As claimed, where it was wrong. */
  readonly factors: readonly string[];
  /** Null for a retyped code. */
  readonly protocolVersion: string | null;
  /** Counter value that was used up. */
  readonly counter: number;
  /** SHA-256, Base64url, of what was signed without the application secret. */
  readonly signedSha256: string;
  /** For a retyped code that was verified for a back office. */
  readonly biometryAllowed?: boolean | undefined;
}

/** Newest of each kind of record. */
const most = 5000;

const evidencing = [
  "signature.accepted",
  "signature.failed",
  "vault.unlocked",
  "token.created",
  "token.removed",
  "activation.renamed",
  "activation.removed",
] as const satisfies readonly EventType[];

/** Newest first. What was erased from the audit is not told. */
export async function listSignatures(
  deps: Pick<Deps, "store">,
  filter: SignatureFilter,
): Promise<readonly VerifiedSignature[]> {
  const activations = await activationsOf(deps, filter);
  if (activations.size === 0) return [];
  const found = await Promise.all([eventsOf(deps, filter, activations), decisionsOf(deps, filter, activations)]);
  return found.flat().sort((a, b) => b.at - a.at);
}

type Activations = ReadonlyMap<string, Pick<ActivationRow, "id" | "application_id">>;

async function activationsOf({ store }: Pick<Deps, "store">, filter: SignatureFilter): Promise<Activations> {
  let query = store.read
    .selectFrom("activation")
    .select(["id", "application_id"])
    .where("tenant", "=", store.tenant)
    .where("user_id", "=", filter.userId);
  if (filter.applicationIds?.length === 0) return new Map();
  if (filter.applicationIds !== undefined) query = query.where("application_id", "in", [...filter.applicationIds]);
  return new Map((await query.execute()).map((row) => [row.id, row]));
}

async function eventsOf(
  { store }: Pick<Deps, "store">,
  { userId, from, to }: SignatureFilter,
  activations: Activations,
) {
  let query = store.read
    .selectFrom("audit_event")
    .select(["id", "type", "subject", "at", "payload"])
    .where("tenant", "=", store.tenant)
    .where("subject", "in", [...activations.keys()])
    .where("type", "in", [...evidencing]);
  if (from !== undefined) query = query.where("at", ">=", from);
  if (to !== undefined) query = query.where("at", "<=", to);
  const rows = await query.orderBy("at", "desc").orderBy("seq", "desc").limit(most).execute();
  return rows.flatMap(({ id, type, subject, at, payload }) => {
    const evidence = evidenceIn(payload);
    const activation = activations.get(subject);
    if (evidence === undefined || activation === undefined) return [];
    return [verified(id, at, userId, activation, evidence, type !== "signature.failed")];
  });
}

type Stated = Pick<Evidence, "factors" | "protocolVersion"> & {
  readonly counter: number;
  readonly signedSha256: string;
  readonly biometryAllowed?: boolean;
};

/** Undefined for what the back office did, and for what was erased. */
function evidenceIn(payload: string | null): Stated | undefined {
  if (payload === null) return undefined;
  const { data } = JSON.parse(payload) as { data: Record<string, unknown> };
  const evidence = (data.evidence ?? data) as Partial<Stated>;
  return evidence.signedSha256 === undefined || evidence.counter === undefined ? undefined : (evidence as Stated);
}

async function decisionsOf(
  { store }: Pick<Deps, "store">,
  { userId, from, to }: SignatureFilter,
  activations: Activations,
) {
  let query = store.read
    .selectFrom("operation as o")
    .innerJoin("decision as d", (join) => join.onRef("d.tenant", "=", "o.tenant").onRef("d.operation_id", "=", "o.id"))
    .select(["d.operation_id as id", "d.claims", "d.at"])
    .where("o.tenant", "=", store.tenant)
    .where("o.user_id", "=", userId);
  if (from !== undefined) query = query.where("d.at", ">=", from);
  if (to !== undefined) query = query.where("d.at", "<=", to);
  const rows = await query.orderBy("d.at", "desc").limit(most).execute();
  return rows.flatMap(({ id, claims, at }) => {
    const { decisions } = JSON.parse(claims) as ReceiptClaims;
    return decisions.flatMap(({ evidence }) => {
      const { counter, signedSha256 } = evidence;
      const activation = activations.get(evidence.activationId ?? "");
      if (activation === undefined || counter === undefined || signedSha256 === undefined) return [];
      return [verified(id, at, userId, activation, { ...evidence, counter, signedSha256 }, true)];
    });
  });
}

function verified(
  id: string,
  at: number,
  userId: string,
  activation: Pick<ActivationRow, "id" | "application_id">,
  { factors, protocolVersion, counter, signedSha256, biometryAllowed }: Stated,
  valid: boolean,
): VerifiedSignature {
  return {
    id,
    at,
    userId,
    applicationId: activation.application_id,
    activationId: activation.id,
    valid,
    factors,
    protocolVersion: protocolVersion ?? null,
    counter,
    signedSha256,
    biometryAllowed,
  };
}
