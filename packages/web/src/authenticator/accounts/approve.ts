/** Approve accounts. The SDK for them is loaded when there is one, or one is to be made. */
import type { BioPasswordPolicy, Container, Device, ProtectionPolicy } from "@countersign/client/approve";
import { passkeyBiometry } from "@countersign/client/biometry/passkey";
import { language } from "../../texts/language.ts";
import { brand } from "../brand/brand.ts";
import type { ApproveAccount, ApproveRecord } from "./account.ts";
import { deviceStorage } from "./storage.ts";

let device: Promise<Device> | undefined;

export function approveDevice(): Promise<Device> {
  device ??= makeDevice();
  return device;
}

async function makeDevice(): Promise<Device> {
  const [{ ConnectionConfiguration, DeviceFactory }, { openWebCryptoKeys }] = await Promise.all([
    import("@countersign/client/approve"),
    import("@countersign/client/storage/webcrypto-keys"),
  ]);
  const storage = await deviceStorage();
  const context = {
    storage,
    platformKeys: await openWebCryptoKeys(),
    biometryProvider: passkeyBiometry({ storage, applicationName: brand.name, userName: brand.name }),
    platform: "web",
    osVersion: "0",
    deviceName: deviceName(),
    language: language.value,
  };
  return DeviceFactory.getDevice(context, new ConnectionConfiguration({ timeout: 20_000 }));
}

/** Undefined for a container that is gone. */
export async function openApprove(record: ApproveRecord): Promise<ApproveAccount | undefined> {
  const opened = await approveDevice();
  const container = (await opened.findContainers()).find(({ id }) => id === record.id);
  return container && { ...record, device: opened, container };
}

/** A policy under which a passkey can take the place of the password. */
export function passkeyPolicy(policy: ProtectionPolicy): BioPasswordPolicy | undefined {
  return policy.type === "BIOPASSWORD" ? (policy as BioPasswordPolicy) : undefined;
}

/** Whether a passkey was set up for keys under this policy. */
export async function hasPasskey(policy: ProtectionPolicy): Promise<boolean> {
  return (await passkeyPolicy(policy)?.getBioAuthenticationState()) === "ENABLED";
}

export function approveRecord(container: Container): ApproveRecord {
  const { id, name, serverURL: server, creationDate } = container;
  return { kind: "approve", id, name, server, createdAt: creationDate.getTime() };
}

/** What the person would call this device, as far as a browser tells. */
export function deviceName(): string {
  const [system = "Web"] = /Android|iPhone|iPad|Windows|Macintosh|Linux/.exec(navigator.userAgent) ?? [];
  return system === "Macintosh" ? "Mac" : system;
}
