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
  const seed = operation.status === "PENDING" ? proximitySeedOf(deps, operation) : undefined;
  return seed && proximityOtp(deps.crypto, seed, now);
}

/** Good are the password of this step (30 s) and that of the one before. */
export function checkProximity(
  deps: ProximityDeps,
  operation: OperationRow,
  otp: string | undefined,
  now: number,
): ProximityResult {
  const seed = proximitySeedOf(deps, operation);
  if (seed === undefined) return "DISABLED";
  if (otp === undefined) return "FAILED";
  if (!/^[0-9]{8}$/.test(otp)) return "ERROR";
  return verifyProximityOtp(deps.crypto, seed, otp, now) ? "SUCCESS" : "FAILED";
}

/** 16 bytes. Undefined where no check is asked for. */
export function proximitySeedOf(
  deps: Pick<Deps, "secrets">,
  { id, proximity_seed_sealed: sealed }: OperationRow,
): Uint8Array | undefined {
  return sealed === null ? undefined : deps.secrets.open(place(id), sealed);
}

function place(operationId: string): { table: string; column: string; row: string } {
  return { table: "operation", column: "proximity_seed_sealed", row: operationId };
}
