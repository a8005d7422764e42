/**
 * A device on this machine: where its server is and what app it is (`profile.json`), and the activation itself, which is
 * the client SDK's file storage. Whoever can read the directory has the device, but not the PIN.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Fetch, MobileToken, PowerAuth } from "@countersign/client/mobile-token";
import type { Command } from "commander";
import { Failure, usageFailure } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export interface Profile {
  /** Start of the device's addresses, the part before `/pa` and `/api`. */
  readonly url: string;
  /** The app build's configuration string. */
  readonly configuration: string;
  /** How the bank's list of devices names this one. */
  readonly name: string;
  /** Plain HTTP to another machine was asked for. */
  readonly insecure?: boolean;
}

export interface Device {
  readonly profile: Profile;
  readonly powerAuth: PowerAuth;
  readonly mobileToken: MobileToken;
}

export function withProfile(command: Command): Command {
  return command.option(
    "--profile <dir>",
    "directory of this device; ~/.countersign if not given (COUNTERSIGN_PROFILE)",
  );
}

export function profileDirectory({ env }: Terminal, options: { readonly profile?: string }): string {
  return options.profile ?? env.COUNTERSIGN_PROFILE ?? join(homedir(), ".countersign");
}

/** The device that was activated in this directory. */
export function openProfile(directory: string, fetch?: Fetch): Promise<Device> {
  return openDevice(directory, readProfile(directory), fetch);
}

/** Reads and writes nothing but the storage; the profile may not be saved yet. */
export async function openDevice(directory: string, profile: Profile, fetch?: Fetch): Promise<Device> {
  const { url, configuration, insecure = false } = profile;
  const isPlain = new URL(url).protocol === "http:";
  if (isPlain && !insecure && !isThisMachine(url)) {
    throw usageFailure(`${url} is not https.`, "--insecure-http permits it, for a network you trust");
  }
  const [{ PowerAuth }, { openFileStorage }] = await Promise.all([
    import("@countersign/client/mobile-token"),
    import("@countersign/client/storage/file"),
  ]);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const storage = await openFileStorage({ directory: join(directory, "storage") });
  // The directory names the device; whatever path leads there, its records have the same names.
  const powerAuth = new PowerAuth("device");
  const environment = { storage, fetch, platform: process.platform, deviceInfo: "countersign command" };
  await powerAuth.deconfigure();
  await powerAuth.configure(configuration, url, isPlain, environment);
  return { profile, powerAuth, mobileToken: powerAuth.createMobileToken() };
}

/** Whole or not at all, readable by its owner only. */
export function saveProfile(directory: string, profile: Profile): void {
  const path = join(directory, "profile.json");
  writeFileSync(`${path}.new`, `${JSON.stringify(profile, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function readProfile(directory: string): Profile {
  const hint = "activate it with `countersign device activate`, or name its directory with --profile";
  let text: string;
  try {
    text = readFileSync(join(directory, "profile.json"), "utf8");
  } catch (cause) {
    throw new Failure("failed", "no-device", `There is no device in ${directory}.`, { hint, cause });
  }
  try {
    const profile = JSON.parse(text) as Partial<Profile>;
    if (typeof profile.url === "string" && typeof profile.configuration === "string") return profile as Profile;
  } catch {
    // Falls through: whatever it is, it is no profile.
  }
  throw new Failure("failed", "no-device", `profile.json in ${directory} cannot be understood.`);
}

function isThisMachine(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}
