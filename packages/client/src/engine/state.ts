/**
 * What a device keeps of its activation, as one versioned record, and the lock around each change of it.
 *
 * Nothing in the record lets its holder test a PIN: the knowledge key is wrapped without padding, tag or checksum, the
 * device's private key is sealed under the vault key, and the vault key is not here.
 */
import { fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import { StorageError } from "../storage/port.ts";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import { isRecord } from "./transport.ts";

export interface DeviceState {
  readonly activationId: string;
  /** Next counter value to sign with, 16 bytes, and the low byte of its number. */
  readonly ctrData: Bytes;
  readonly ctrByte: number;
  readonly possessionKey: Bytes;
  readonly transportKey: Bytes;
  /** The knowledge key under a key made of the password and this salt. */
  readonly knowledgeSalt: Bytes;
  readonly wrappedKnowledgeKey: Bytes;
  /** The biometry key under a random key that the platform releases; absent without that factor. */
  readonly wrappedBiometryKey?: Bytes | undefined;
  /** SEC1, 65 bytes. */
  readonly serverPublicKey: Bytes;
  readonly devicePublicKey: Bytes;
  /** Sealed under the vault key, which only the server can release. */
  readonly sealedPrivateKey: Bytes;
}

const formatVersion = 1;
const fixedLengths = {
  ctrData: 16,
  possessionKey: 16,
  transportKey: 16,
  knowledgeSalt: 16,
  wrappedKnowledgeKey: 16,
  serverPublicKey: 65,
  devicePublicKey: 65,
  sealedPrivateKey: undefined,
} as const;
type BinaryMember = keyof typeof fixedLengths;

export function encodeState(state: DeviceState): Bytes {
  const record: Record<string, unknown> = { version: formatVersion, activationId: state.activationId };
  record.ctrByte = state.ctrByte;
  for (const name of Object.keys(fixedLengths) as BinaryMember[]) record[name] = toBase64(state[name]);
  if (state.wrappedBiometryKey !== undefined) record.wrappedBiometryKey = toBase64(state.wrappedBiometryKey);
  return utf8(JSON.stringify(record));
}

/** Throws `activation-data-newer` for a later format, which must be kept, and `activation-data-invalid`. */
export function decodeState(bytes: Bytes): DeviceState {
  const record = parseRecord(bytes);
  if (typeof record.version === "number" && record.version > formatVersion) {
    throw new EngineError("activation-data-newer", "The activation was stored by a newer version of this library");
  }
  const { version, activationId, ctrByte } = record;
  if (version !== formatVersion || typeof activationId !== "string" || !isByte(ctrByte)) throw invalid();
  const binary = {} as Record<BinaryMember, Bytes>;
  for (const [name, length] of Object.entries(fixedLengths)) {
    binary[name as BinaryMember] = readBytes(record[name], length);
  }
  const biometry = record.wrappedBiometryKey;
  return {
    activationId,
    ctrByte,
    ...binary,
    ...(biometry !== undefined && { wrappedBiometryKey: readBytes(biometry, 16) }),
  };
}

/** Undefined when the device has no activation. */
export async function loadState(device: Device): Promise<DeviceState | undefined> {
  const bytes = await storing(() => device.storage.get(stateName(device)));
  return bytes === undefined ? undefined : decodeState(bytes);
}

/** The stored activation. Throws `activation-missing`; an activation that is not committed yet counts as missing. */
export async function requireState(device: Device): Promise<DeviceState> {
  const state = await loadState(device);
  if (state !== undefined) return state;
  throw new EngineError("activation-missing", "The device has no activation");
}

/**
 * Loads, computes and stores under the activation's lock. What `change` returns is handed on only after the state is
 * durable; if it throws, or returns no state, nothing changes.
 */
export async function changeState<Result>(
  device: Device,
  change: (state: DeviceState) => { readonly state?: DeviceState | undefined; readonly result: Result },
): Promise<Result> {
  return lockState(device, async () => {
    const { state, result } = change(await requireState(device));
    if (state !== undefined) await storeState(device, state);
    return result;
  });
}

/** Only inside `lockState`. */
export async function storeState(device: Device, state: DeviceState): Promise<void> {
  await storing(() => device.storage.set(stateName(device), encodeState(state)));
}

/** Only inside `lockState`. */
export async function dropState(device: Device): Promise<void> {
  await storing(() => device.storage.remove(stateName(device)));
}

/** Held around load, compute, store: in another process as well, no counter value is used twice. */
export function lockState<T>(device: Device, run: () => Promise<T>): Promise<T> {
  return storing(() => device.storage.withLock(stateName(device), run));
}

/**
 * Held from the signature until the response: signed requests reach the server in the order of their counters. Not
 * reentrant. Signing for a request of the application's own does not take it.
 */
export function inTurn<T>(device: Device, run: () => Promise<T>): Promise<T> {
  return storing(() => device.storage.withLock(`${device.instanceId}/sending`, run));
}

/** Failures of the port come out as `storage` with the port's error as cause. */
export async function storing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new EngineError("storage", error.message, { cause: error });
  }
}

function stateName(device: Device): string {
  return `${device.instanceId}/activation`;
}

function parseRecord(bytes: Bytes): Record<string, unknown> {
  const text = fromUtf8(bytes);
  if (text === undefined) throw invalid();
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Falls through: whatever the reason, it is not one of our records.
  }
  throw invalid();
}

function readBytes(value: unknown, length: number | undefined): Bytes {
  const bytes = typeof value === "string" ? fromBase64(value) : undefined;
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) throw invalid();
  return bytes;
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}

function invalid(): EngineError {
  return new EngineError("activation-data-invalid", "The stored activation cannot be read");
}
