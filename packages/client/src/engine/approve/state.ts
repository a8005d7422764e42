/**
 * What an Approve device keeps, as one versioned record: its containers, enrolments under way, and removals that the server
 * does not know of yet. One record, so that every change is one write, and a crash leaves the state before or after it.
 *
 * No private key and no password is here, and nothing of a signing key but its opaque name (APV-LOCK-2).
 */
import { fromUtf8, toBase64Url, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { EnrolRecord, OtpSecret, RecordedKey } from "@countersign/protocol/approve/enrol";
import type { KeyUse, PublicJwk } from "@countersign/protocol/approve/keys";
import type { PinnedParty } from "@countersign/protocol/approve/parties";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import type { PinnedKey } from "@countersign/protocol/approve/server-keys";
import { StorageError } from "../../storage/port.ts";
import type { ApproveDevice } from "./device.ts";
import { ApproveError } from "./errors.ts";

/** The record of an enrolment without the secrets of one-time passwords, which only the vault keeps. */
export type StoredRecord = Omit<EnrolRecord, "otp">;

/**
 * An answer that was sent: what it changed at the server is not known until the server has said so (APV-RES-3). Its signature
 * is not kept: beside the wrapped key it would tell which password is right (APV-LOCK-2).
 */
export interface SentAnswer {
  /** What was signed, to be signed and sent again; absent once the server has refused it. */
  readonly input?: string;
  /** What the person answered and with what, so that only the same answer is repeated. */
  readonly meaning: string;
  readonly seq: number;
  /** Names it (APV-RES-9): `prev` of the next one, if this was accepted. */
  readonly digest: string;
  /** Seconds. */
  readonly exp: number;
}

export interface PendingRenewal {
  /** Names of the fresh keys in the vault; empty until they are made. */
  readonly handles: readonly string[];
  readonly popJwk?: PublicJwk;
  /** Gone once the record is there, as in an enrolment. */
  readonly body?: string;
  /** Once the new keys are in the vault, only an acknowledgement completes it. */
  readonly record?: StoredRecord;
}

export interface ContainerState {
  /** Local: names its keys in the vault. */
  readonly id: string;
  readonly cid: string;
  /** Public URL of the server, also the address of every call. */
  readonly iss: string;
  readonly tenant: string;
  readonly user: string;
  readonly name: string;
  /** Epoch ms by this device's clock. */
  readonly createdAt: number;
  readonly transcript: string;
  /** The server key that signed the enrolment record (APV-ENR-6). */
  readonly enrolledBy: string;
  readonly keys: readonly RecordedKey[];
  readonly policies: Readonly<Record<string, PolicyRecord>>;
  readonly features: EnrolRecord["features"];
  /** Relying parties whose requests are checked (APV-RP-1). */
  readonly parties: readonly PinnedParty[];
  readonly renewBefore?: number;
  readonly client?: string;
  readonly popJwk: PublicJwk;
  readonly pinned: readonly PinnedKey[];
  /** What is known of the one-time-password secrets in the vault. */
  readonly otp: readonly Omit<OtpSecret, "secret">[];
  readonly seq: number;
  readonly prev: string;
  /** Since the last one that is known to be accepted. */
  readonly sent: readonly SentAnswer[];
  readonly renewal?: PendingRenewal;
}

export interface PendingEnrolment {
  /** Local id of the container to be. */
  readonly id: string;
  /** Epoch ms by this device's clock. */
  readonly begunAt: number;
  /** Of the offer, which it is continued with. */
  readonly code: string;
  /** Digest of what was typed, where nothing was scanned. */
  readonly typed?: string;
  readonly offer: string;
  readonly handles: readonly string[];
  readonly popJwk?: PublicJwk;
  /**
   * The request, as it is sent again after a crash (APV-ENR-9). Gone once the record is there, before any key is under a
   * password: it holds public keys and signatures (APV-LOCK-2).
   */
  readonly body?: string;
  readonly record?: StoredRecord;
  readonly enrolledBy?: string;
  readonly otp?: ContainerState["otp"];
}

export interface Removal {
  readonly container: ContainerState;
  readonly reason: string;
  /** How often the server will still be told. */
  readonly tries: number;
}

export interface ApproveState {
  readonly containers: readonly ContainerState[];
  readonly enrolments: readonly PendingEnrolment[];
  readonly removals: readonly Removal[];
}

const recordName = "approve/device";
const formatVersion = 1;
const empty: ApproveState = { containers: [], enrolments: [], removals: [] };

/** Throws `lost` when the store cannot be opened with the device's secret, and `state-invalid`. */
export async function loadState({ storage }: Pick<ApproveDevice, "storage">): Promise<ApproveState> {
  const bytes = await reading(() => storage.get(recordName));
  return bytes === undefined ? empty : decode(bytes);
}

/** Load, change, store under one lock. What `change` returns is handed on once the state is durable. */
export async function changeState<Result>(
  { storage }: Pick<ApproveDevice, "storage">,
  change: (state: ApproveState) => { readonly state: ApproveState; readonly result: Result },
): Promise<Result> {
  return storage.withLock(recordName, async () => {
    const { state, result } = change(await loadState({ storage }));
    await storage.set(recordName, utf8(JSON.stringify({ version: formatVersion, ...state })));
    return result;
  });
}

/** The container, by its local id. Throws `container-unknown`. */
export async function requireContainer(device: Pick<ApproveDevice, "storage">, id: string): Promise<ContainerState> {
  return found((await loadState(device)).containers, id);
}

/** Replaces one container. What the change does not name stays. */
export function changeContainer(
  device: Pick<ApproveDevice, "storage">,
  id: string,
  change: (container: ContainerState) => ContainerState,
): Promise<ContainerState> {
  return changeState(device, (state) => {
    const result = change(found(state.containers, id));
    return { state: { ...state, containers: replaced(state.containers, result) }, result };
  });
}

export function replaced<T extends { readonly id: string }>(all: readonly T[], one: T): readonly T[] {
  return all.map((other) => (other.id === one.id ? one : other));
}

export function keyOf({ keys }: Pick<ContainerState, "keys">, use: KeyUse): RecordedKey {
  const key = keys.find((one) => one.use === use);
  if (key === undefined) throw new ApproveError("state-invalid", `The container has no ${use} key`);
  return key;
}

export function digestOf({ sha256 }: Pick<ApproveDevice, "sha256">, text: string): string {
  return toBase64Url(sha256(utf8(text)));
}

/** 128 random bits. */
export function unique({ random }: Pick<ApproveDevice, "random">): string {
  return toBase64Url(random(16));
}

function found(containers: readonly ContainerState[], id: string): ContainerState {
  const container = containers.find((one) => one.id === id);
  if (container === undefined) throw new ApproveError("container-unknown", "The container is not on this device");
  return container;
}

async function reading<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof StorageError) || cause.code !== "STORAGE_UNREADABLE") throw cause;
    throw new ApproveError("lost", "What is stored cannot be opened with this device's secret", { cause });
  }
}

function decode(bytes: Bytes): ApproveState {
  const { version, ...state } = parsed(bytes);
  const lists = [state.containers, state.enrolments, state.removals];
  if (version === formatVersion && lists.every(Array.isArray)) return state as unknown as ApproveState;
  throw new ApproveError("state-invalid", "The state of the device is damaged, or of a newer version");
}

function parsed(bytes: Bytes): Record<string, unknown> {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "") as Record<string, unknown>;
  } catch (cause) {
    throw new ApproveError("state-invalid", "The state of the device is damaged", { cause });
  }
}
