/** What this browser keeps: one sealed store for the SDK's records and the authenticator's own. */
import type { DeviceStorage } from "@countersign/client/mobile-token";
import { openIndexedDbStorage } from "@countersign/client/storage/indexeddb";

let opened: Promise<DeviceStorage> | undefined;

export function deviceStorage(): Promise<DeviceStorage> {
  opened ??= openIndexedDbStorage({ name: "countersign-authenticator" });
  return opened;
}

/** Undefined for what is not there, or is no JSON any more. */
export async function readRecord<T>(name: string): Promise<T | undefined> {
  const bytes = await (await deviceStorage()).get(`authenticator/${name}`);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch {
    return undefined;
  }
}

export async function writeRecord(name: string, value: unknown): Promise<void> {
  await (await deviceStorage()).set(`authenticator/${name}`, new TextEncoder().encode(JSON.stringify(value)));
}
