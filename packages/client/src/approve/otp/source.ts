/** What a generator of one-time passwords is made from. The secret stays in the vault until a code is computed. */
import type { Bytes } from "@countersign/protocol/bytes";
import type { OtpSecret } from "@countersign/protocol/approve/enrol";
import type { Credential, KeyVault } from "../../engine/approve/key-vault.ts";
import { InvalidParameterException, throwingExceptions } from "../exceptions.ts";

/** @internal */
export interface OtpSource {
  readonly description: Omit<OtpSecret, "secret">;
  readonly vault: KeyVault;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether the person's biometry is asked for where no password is given. */
  readonly biometry: boolean;
}

/** Bytes of UTF-8, zero after the call; none where the policy wants none, or for biometry. */
export type OtpPassword = Bytes | null | undefined;

/**
 * Unlocks the secret, takes the next counter where one is needed, computes, wipes. The counter is used up before the code is
 * seen: no two codes have the same one.
 */
export async function computing<T>(
  { description, vault, biometry }: OtpSource,
  password: OtpPassword,
  counted: boolean,
  compute: (secret: Bytes, counter: number) => T,
): Promise<T> {
  if (password != null && !(password instanceof Uint8Array)) {
    throw new InvalidParameterException("A password is given as a Uint8Array of UTF-8");
  }
  const credential: Credential = password == null ? { biometry } : { password };
  return throwingExceptions(async () => {
    const { secret } = await vault.otpSecret(description.label, credential);
    try {
      return compute(secret, counted ? await vault.nextCounter(description.label) : 0);
    } finally {
      secret.fill(0);
    }
  });
}
