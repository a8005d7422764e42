/** The proximity check of an operation: its sealed seed, the password of now for the bank, and whether one is right. */
import { proximityOtp, verifyProximityOtp } from "@countersign/protocol/operation/proximity";
import type { Deps } from "../deps.ts";
import type { OperationRow } from "../store/store.ts";
import type { ProximityResult } from "./decide.ts";

type ProximityDeps = Pick<Deps, "secrets" | "crypto">;

const seedBytes = 16;

/** Ciphertext of a new seed for `operation.proximity_seed_sealed`. */
export function newProximitySeed(deps: Pick<Deps, "secrets" | "random">, operationId: string): string {
  return deps.secrets.seal(place(operationId), deps.random(seedBytes));
}

/** What the bank shows on its screen at `now`. Undefined where no check is asked for, or nothing is left to decide. */
export function proximityOtpOf(deps: ProximityDeps, operation: OperationRow, now: number): string | undefined {
  if (operation.status !== "PENDING" || operation.proximity_seed_sealed === null) return undefined;
  return proximityOtp(deps.crypto, seedOf(deps, operation.id, operation.proximity_seed_sealed), now);
}

/** Good are the password of this step (30 s) and that of the one before. */
export function checkProximity(
  deps: ProximityDeps,
  operation: OperationRow,
  otp: string | undefined,
  now: number,
): ProximityResult {
  if (operation.proximity_seed_sealed === null) return "DISABLED";
  if (otp === undefined) return "FAILED";
  if (!/^[0-9]{8}$/.test(otp)) return "ERROR";
  const seed = seedOf(deps, operation.id, operation.proximity_seed_sealed);
  return verifyProximityOtp(deps.crypto, seed, otp, now) ? "SUCCESS" : "FAILED";
}

function seedOf(deps: ProximityDeps, operationId: string, sealed: string): Uint8Array {
  return deps.secrets.open(place(operationId), sealed);
}

function place(operationId: string): { table: string; column: string; row: string } {
  return { table: "operation", column: "proximity_seed_sealed", row: operationId };
}
