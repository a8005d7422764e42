/**
 * What the vault of one container keeps: one versioned record, replaced whole, so that each change is one durable step.
 *
 * The device secret lies beside what it protects. Where storage is encrypted by the platform (IndexedDB under a key that
 * cannot be read), the secret is as well; a copy of the records alone opens nothing.
 */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import type { Argon2Cost } from "@countersign/protocol/argon2";
import type { KeyUse } from "@countersign/protocol/approve/keys";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import { StorageError } from "../../../storage/port.ts";
import { isRecord } from "../../transport.ts";
import { VaultError } from "../key-vault.ts";
import type { VaultDeps } from "./deps.ts";

/** Texts of bytes are base64url; moments are epoch ms. */
export interface VaultRecord {
  readonly version: 1;
  readonly deviceSecret: string;
  /** By handle, sealed under the device secret. */
  readonly fresh: Readonly<Record<string, FreshEntry>>;
  /** Secrets that are not kept yet, sealed under the device secret. */
  readonly entrusted?: string;
  readonly entries: readonly Entry[];
  /** By policy id. */
  readonly policies: Readonly<Record<string, PolicyState>>;
  /** What is still to be removed from the platform; whoever changes the record next does it. */
  readonly leftovers: readonly Leftover[];
}

export interface FreshEntry {
  readonly use: KeyUse;
  readonly sealed: string;
}

/** A kept key, or the secret of a one-time password, whose `kid` is its label. */
export interface Entry {
  /** Random; binds the sealed or masked text. */
  readonly id: string;
  readonly kid: string;
  readonly use: KeyUse | "otp";
  readonly policyId: string;
  readonly held: Held;
  /** Next one of a one-time password by counter; 0 where it is missing. */
  readonly counter?: number;
}

export type Held =
  | { readonly how: "sealed"; readonly sealed: string }
  /** Under a silent lock: nothing says whether it was unmasked with the right password. */
  | { readonly how: "masked"; readonly masked: string }
  /** By the platform, under the entry's id. */
  | { readonly how: "platform" }
  /** A counter lock has destroyed it. */
  | { readonly how: "wiped" };

export interface PolicyState {
  readonly record: PolicyRecord;
  /** None for DEVICE. */
  readonly guard?: Guard;
}

export type Guarded = PolicyState & { readonly guard: Guard };

export interface Guard {
  readonly kdf: Argon2Cost & { readonly salt: string };
  /** The key of the policy under the password; none under a silent lock, where the password's key masks by itself. */
  readonly sealedKey?: string;
  readonly setAt: number;
  readonly lock: LockState;
  /** Of passwords that may not come back, newest first. */
  readonly history: readonly PasswordHash[];
  readonly biometry?: BiometryHold;
}

export interface PasswordHash extends Argon2Cost {
  readonly salt: string;
  readonly hash: string;
}

export interface LockState {
  /** Attempts since the last success, those under way among them. */
  readonly failures: number;
  /** When the last attempt was written down. */
  readonly at: number;
}

export interface BiometryHold {
  /** The key of the policy, under a key that the platform releases. */
  readonly sealed: string;
  /** The platform's key has opened something else: the person's biometry was enrolled anew. */
  readonly invalid?: true;
}

export interface Leftover {
  readonly where: "platform" | "biometry";
  readonly name: string;
}

/** Undefined when the container has none. Throws `lost` for one that cannot be read, `unsupported` for a newer one. */
export async function loadRecord(deps: VaultDeps): Promise<VaultRecord | undefined> {
  const bytes = await reading(() => deps.storage.get(recordName(deps)));
  if (bytes === undefined) return undefined;
  const record = parse(bytes);
  bytes.fill(0);
  if (!isRecord(record) || typeof record.version !== "number") throw lost();
  if (record.version > 1)
    throw new VaultError("unsupported", "The keys were stored by a newer version of this library");
  return record as unknown as VaultRecord;
}

/** Throws `lost` when there is none. */
export async function requireRecord(deps: VaultDeps): Promise<VaultRecord> {
  const record = await loadRecord(deps);
  if (record === undefined) throw lost();
  return record;
}

/** Only inside `locked`. Durable when it resolves. */
export async function storeRecord(deps: VaultDeps, record: VaultRecord): Promise<void> {
  const bytes = utf8(JSON.stringify(record));
  await deps.storage.set(recordName(deps), bytes);
  bytes.fill(0);
}

/** Only inside `locked`. */
export async function dropRecord(deps: VaultDeps): Promise<void> {
  await deps.storage.remove(recordName(deps));
}

/** Around load, compute, store: no other tab or process comes in between. */
export function locked<T>(deps: VaultDeps, run: () => Promise<T>): Promise<T> {
  return deps.storage.withLock(recordName(deps), run);
}

export function withGuard(record: VaultRecord, policyId: string, guard: Guard): VaultRecord {
  const state = { ...requirePolicy(record, policyId), guard };
  return { ...record, policies: { ...record.policies, [policyId]: state } };
}

export function requirePolicy(record: VaultRecord, policyId: string): PolicyState {
  const state = Object.hasOwn(record.policies, policyId) ? record.policies[policyId] : undefined;
  if (state === undefined) throw lost();
  return state;
}

export function lost(): VaultError {
  return new VaultError("lost", "The keys of this container are gone");
}

function recordName({ containerId }: VaultDeps): string {
  return `${containerId}/approve-keys`;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}

async function reading<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof StorageError) || cause.code !== "STORAGE_UNREADABLE") throw cause;
    throw new VaultError("lost", "The keys of this container cannot be read", { cause });
  }
}
