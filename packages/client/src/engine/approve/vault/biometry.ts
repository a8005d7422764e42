/** The key of a policy behind the platform's recognition of a person (BIOPASSWORD). */
import type { Bytes } from "@countersign/protocol/bytes";
import { openAtRest, sealAtRest } from "@countersign/protocol/approve/at-rest";
import { BiometryFailure, type BiometryFailureCode, type BiometryProvider } from "../../biometry.ts";
import { VaultError, type BiometryState, type VaultErrorCode } from "../key-vault.ts";
import type { VaultDeps } from "./deps.ts";
import { biometryKey } from "./derive.ts";
import { biometryName, type Opened } from "./guard.ts";
import {
  loadRecord,
  locked,
  requirePolicy,
  storeRecord,
  withGuard,
  type BiometryHold,
  type PolicyState,
  type VaultRecord,
} from "./record.ts";

export async function biometryState(deps: VaultDeps, policyId: string, state: PolicyState): Promise<BiometryState> {
  const { biometry: provider } = deps;
  if (provider === undefined || state.record.type !== "BIOPASSWORD") return "NOT_CAPABLE";
  const { canAuthenticate } = await asking(provider.info());
  if (canAuthenticate === "NOT_ENROLLED") return "NOT_ENROLLED";
  if (canAuthenticate === "NOT_SUPPORTED" || canAuthenticate === "NOT_AVAILABLE") return "NOT_CAPABLE";
  const held = state.guard?.biometry;
  if (held === undefined) return "NOT_ENABLED";
  return held.invalid || !(await asking(provider.has(biometryName(deps, policyId)))) ? "INVALID_KEY" : "ENABLED";
}

/** Undefined where asking for biometry makes no sense, by the record alone. */
export function activeBiometry({ biometry: provider }: VaultDeps, { record, guard }: PolicyState) {
  const held = guard?.biometry;
  if (provider === undefined || record.type !== "BIOPASSWORD" || held === undefined || held.invalid) return undefined;
  return { provider, held };
}

/** Asks the person. The caller wipes the key. `password-required` where only a password helps. */
export async function openByBiometry(
  deps: VaultDeps,
  record: VaultRecord,
  policyId: string,
  state: PolicyState,
): Promise<Bytes> {
  const active = activeBiometry(deps, state);
  if (active === undefined) throw passwordNeeded("Biometry is not enabled for this policy");
  const { provider, held } = active;
  const name = biometryName(deps, policyId);
  const prompt = deps.prompt?.() ?? { promptMessage: "Confirm that it is you" };
  let released: Bytes;
  try {
    released = await provider.load(name, prompt);
  } catch (cause) {
    if (cause instanceof BiometryFailure && cause.code === "NOT_CONFIGURED") await invalidate(deps, policyId, held);
    throw translated(cause);
  }
  const wrapping = biometryKey(deps, record, released);
  const key = await openAtRest(wrapping, `biometry ${policyId}`, held.sealed);
  wrapping.fill(0);
  if (key !== undefined) return key;
  await invalidate(deps, policyId, held);
  throw passwordNeeded("The biometry was enrolled anew: enable it again with the password");
}

/** Inside the record's lock, after the password was tried. */
export async function enableBiometry(deps: VaultDeps, policyId: string, opened: Opened): Promise<void> {
  const { record, state, key } = opened;
  const provider = requireCapable(deps, state);
  const { canAuthenticate } = await asking(provider.info());
  if (canAuthenticate === "NOT_ENROLLED") throw notEnrolled();
  if (canAuthenticate !== "OK") throw new VaultError("unsupported", "The platform recognises nobody");
  const secret = deps.random(16).slice();
  await asking(provider.store(biometryName(deps, policyId), secret, deps.prompt?.()));
  const wrapping = biometryKey(deps, record, secret);
  const biometry = { sealed: await sealAtRest(wrapping, `biometry ${policyId}`, key) };
  wrapping.fill(0);
  await storeRecord(deps, withGuard(record, policyId, { ...state.guard, biometry }));
}

export function requireCapable({ biometry }: VaultDeps, { record }: PolicyState): BiometryProvider {
  if (biometry !== undefined && record.type === "BIOPASSWORD") return biometry;
  throw new VaultError("unsupported", "There is no biometry for this policy");
}

async function invalidate(deps: VaultDeps, policyId: string, held: BiometryHold): Promise<void> {
  await locked(deps, async () => {
    const record = await loadRecord(deps);
    if (record === undefined) return;
    const { guard } = requirePolicy(record, policyId);
    // Enabled anew meanwhile: that one is not invalid.
    if (guard?.biometry?.sealed !== held.sealed) return;
    await storeRecord(deps, withGuard(record, policyId, { ...guard, biometry: { ...held, invalid: true } }));
  });
}

const codes: Readonly<Record<BiometryFailureCode, VaultErrorCode>> = {
  NOT_CONFIGURED: "password-required",
  NOT_SUPPORTED: "unsupported",
  NOT_AVAILABLE: "biometry-failed",
  NOT_ENROLLED: "biometry-not-enrolled",
  NOT_RECOGNIZED: "biometry-failed",
  LOCKOUT: "biometry-failed",
  CANCEL: "biometry-cancelled",
  FALLBACK: "password-required",
  FAILED: "biometry-failed",
};

function translated(cause: unknown): VaultError {
  const code = cause instanceof BiometryFailure ? codes[cause.code] : "biometry-failed";
  return new VaultError(code, "The platform did not release the biometry key", { cause });
}

async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw translated(cause);
  }
}

function passwordNeeded(message: string): VaultError {
  return new VaultError("password-required", message);
}

function notEnrolled(): VaultError {
  return new VaultError("biometry-not-enrolled", "The device knows nobody's biometry");
}
