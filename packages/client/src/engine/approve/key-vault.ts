/**
 * Where the private keys of containers live, and what it takes to use one: the port between the calls of the Approve
 * protocol, which never see a private key, and the ways of keeping keys (software keys under a password, keys that WebCrypto
 * does not give out, passkeys).
 *
 * Passwords are bytes, belong to the caller, and are wiped by the vault after use (Approve protocol §13).
 */
import type { Bytes } from "@countersign/protocol/bytes";
import type { Opener } from "@countersign/protocol/approve/jwe";
import type { Signer } from "@countersign/protocol/approve/jws";
import type { ProvingKey } from "@countersign/protocol/approve/key-proof";
import type { KeyUse } from "@countersign/protocol/approve/keys";
import type { OtpSecret } from "@countersign/protocol/approve/enrol";
import type { PolicyRecord, VerificationMethod } from "@countersign/protocol/approve/policy";

/** A key pair that was just made. It lives under the device secret alone until it is kept under its policy. */
export interface FreshKey extends ProvingKey {
  readonly use: KeyUse;
  /** Names it in `KeyVault.reload`, so that a crash between making and keeping loses nothing. */
  readonly handle: string;
  /** Opens what the server encrypts to it: the record comes before the key is kept. Undefined when it does not open. */
  open(jwe: string): Promise<string | undefined>;
}

/** How a kept key is named. Nothing here depends on the private key (APV-LOCK-2). */
export interface KeptKey {
  readonly kid: string;
  readonly use: KeyUse | "otp";
  readonly policyId: string;
}

/** What the person gave. Neither for keys of a DEVICE policy, or while a password is cached. */
export interface Credential {
  readonly password?: Bytes | undefined;
  /** Asks for biometry where the policy allows it and it is switched on; the provider prompts. */
  readonly biometry?: boolean | undefined;
}

export interface Unlocked {
  /** What the person was asked for. */
  readonly method: VerificationMethod;
}

/**
 * Every method that takes a credential throws `VaultError`; counter and delay locks are written down before the password is
 * tried (APV-LOCK-3). One vault holds the keys of one container; `containerId` is chosen by the engine before enrolment.
 */
export interface KeyVault {
  /** Makes a pair for each use. Durable under the device secret when this resolves. */
  generate(uses: readonly KeyUse[]): Promise<readonly FreshKey[]>;
  /** Fresh keys after a restart, by handle; those that are gone are left out. */
  reload(handles: readonly string[]): Promise<readonly FreshKey[]>;
  /** Secrets of one-time passwords, under the device secret alone until they are kept. Durable; replaces earlier ones. */
  entrust(secrets: readonly OtpSecret[]): Promise<void>;
  entrusted(): Promise<readonly OtpSecret[]>;
  /**
   * Puts fresh keys (and one-time-password secrets) under their policies, in one durable step, and forgets the handles and what was entrusted. One password
   * for each policy that has one. Throws `password-required` and `password-invalid` before anything changes.
   */
  keep(input: {
    readonly keys: readonly { readonly fresh: FreshKey; readonly kid: string; readonly policyId: string }[];
    readonly secrets: readonly OtpSecret[];
    readonly policies: Readonly<Record<string, PolicyRecord>>;
    readonly passwords: ReadonlyMap<string, Bytes>;
  }): Promise<void>;
  /** After a renewal: forgets these keys, in one durable step. */
  drop(kids: readonly string[]): Promise<void>;
  /** Forgets everything of the container. */
  destroy(): Promise<void>;
  keys(): Promise<readonly KeptKey[]>;
  policy(policyId: string): Promise<ProtectedPolicy>;
  /** Signs with ES256. The signature of a silent lock may be wrong; only the server can tell. */
  signer(kid: string, credential: Credential): Promise<Signer & Unlocked>;
  opener(kid: string, credential: Credential): Promise<Opener & Unlocked>;
  /** The secret of a one-time password; the caller wipes it. */
  otpSecret(label: string, credential: Credential): Promise<{ readonly secret: Bytes } & Unlocked>;
  /** From 0 on, each number once: it is used up, durably, when this resolves. */
  nextCounter(label: string): Promise<number>;
  /** The server has accepted an answer: locks that count failures start again. */
  accepted(kid: string): Promise<void>;
}

export interface ProtectedPolicy {
  readonly id: string;
  readonly record: PolicyRecord;
  /** Days since the password was set; undefined for DEVICE. */
  currentAge(): Promise<number | undefined>;
  /** Throws `unsupported` under a silent lock. */
  verify(password: Bytes): Promise<void>;
  /** Under a silent lock the old password cannot be checked. */
  change(oldPassword: Bytes, newPassword: Bytes): Promise<void>;
  biometry(): Promise<BiometryState>;
  enableBiometry(password: Bytes): Promise<void>;
  disableBiometry(): Promise<void>;
}

export type BiometryState = "ENABLED" | "NOT_ENABLED" | "NOT_ENROLLED" | "NOT_CAPABLE" | "INVALID_KEY";

export type VaultErrorCode =
  /** Wrong password or biometry. */
  | "wrong"
  /** Locked for good, or until `retryAt`. */
  | "locked"
  | "password-required"
  /** Breaks a rule of the policy; `rule` names it. */
  | "password-invalid"
  | "password-expired"
  | "password-not-yet-changeable"
  | "biometry-required"
  | "biometry-not-enrolled"
  | "biometry-cancelled"
  | "biometry-failed"
  /** The device secret or the key is gone. */
  | "lost"
  | "unsupported";

export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultErrorCode;
  /** Epoch ms, for a delay lock. */
  readonly retryAt: number | undefined;
  readonly rule: string | undefined;

  constructor(
    code: VaultErrorCode,
    message: string,
    more: ErrorOptions & { readonly retryAt?: number; readonly rule?: string } = {},
  ) {
    super(message, more);
    this.code = code;
    this.retryAt = more.retryAt;
    this.rule = more.rule;
  }
}
