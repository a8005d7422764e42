/** A container: an activation that speaks the Approve protocol, with its keys and the policies it was enrolled with. */
import { isFailure } from "@countersign/protocol/errors";
import { importVerifier, type Verifier } from "@countersign/protocol/approve/jws";
import type { KeyUse, PublicJwk } from "@countersign/protocol/approve/keys";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import type { Deps } from "../deps.ts";
import type { ContainerKeyTable, ContainerTable } from "../store/schema.ts";
import type { ActivationRow, ContainerKeyRow } from "../store/store.ts";

export interface ContainerKey {
  readonly kid: string;
  readonly use: KeyUse;
  readonly jwk: PublicJwk;
  readonly verifier: Verifier;
  readonly policyId: string;
  readonly policy: PolicyRecord;
  readonly state: ContainerKeyTable["state"];
  /** Epoch ms; null for never. */
  readonly expiresAt: number | null;
}

export interface Container {
  readonly activation: ActivationRow;
  readonly row: ContainerTable;
  readonly keys: readonly ContainerKey[];
}

/** With every key but the retired ones. Undefined for anything that is no container. */
export async function findContainer(deps: Pick<Deps, "store">, id: string): Promise<Container | undefined> {
  if (!isContainerId(id)) return undefined;
  const [activation, rows] = await Promise.all([deps.store.findActivation(id), deps.store.findContainer(id)]);
  if (activation?.protocol !== "approve") return undefined;
  const [row] = rows;
  if (row === undefined) throw new Error("A container has no row of its own, or no keys");
  const policies = JSON.parse(row.policies) as Record<string, PolicyRecord>;
  return { activation, row, keys: await Promise.all(rows.map((key) => containerKey(key, policies))) };
}

/** The one key of this use that is active. */
export function keyFor({ keys }: Container, use: KeyUse): ContainerKey {
  const key = keys.find((one) => one.use === use && one.state === "ACTIVE");
  if (key === undefined) throw new Error(`A container has no active ${use} key`);
  return key;
}

/** A key by its name, if it is active and of one of these uses (APV-KEY-2). */
export function activeKey({ keys }: Container, kid: string, uses: readonly KeyUse[]): ContainerKey | undefined {
  return keys.find((key) => key.kid === kid && key.state === "ACTIVE" && uses.includes(key.use));
}

export function isOver({ expiresAt }: ContainerKey, now: number): boolean {
  return expiresAt !== null && now >= expiresAt;
}

async function containerKey(key: ContainerKeyRow, policies: Record<string, PolicyRecord>): Promise<ContainerKey> {
  const policy = policies[key.policy];
  if (policy === undefined) throw new Error("A key of a container has no policy");
  const verifier = await cachedVerifier(key.public_jwk);
  return {
    kid: key.kid,
    use: key.use,
    jwk: verifier.jwk,
    verifier,
    policyId: key.policy,
    policy,
    state: key.state,
    expiresAt: key.expires_at,
  };
}

const kept = 20_000;
/** Imported keys by their text: immutable, so that nothing can be out of date. */
const verifiers = new Map<string, Verifier>();

async function cachedVerifier(text: string): Promise<Verifier> {
  const known = verifiers.get(text);
  if (known !== undefined) return known;
  const verifier = await importVerifier(JSON.parse(text) as PublicJwk);
  if (isFailure(verifier)) throw new Error("A stored key is not a key");
  verifiers.set(text, verifier);
  if (verifiers.size > kept) verifiers.delete(verifiers.keys().next().value as string);
  return verifier;
}

function isContainerId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
