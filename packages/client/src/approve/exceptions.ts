/**
 * What the Approve objects throw: one class for each kind of failure, under the names applications already catch.
 *
 * `reason` is stable text, `code` the number that existing applications know, where it is known. `retryable` says whether
 * the same call may succeed later without anything else having changed, or with another password.
 */
import { VaultError, type VaultErrorCode } from "../engine/approve/key-vault.ts";

export interface ExceptionDetails extends ErrorOptions {
  /** What the application may need to go on, for example the ids of the users to choose from. Never a secret. */
  readonly parameters?: readonly string[];
  /** Epoch ms before which a delay lock refuses every password. */
  readonly retryAt?: number | undefined;
}

/** Base of all of them. */
export class ApproveException extends Error {
  readonly reason: string = "unknown";
  readonly code: number | undefined = undefined;
  readonly retryable: boolean = false;
  readonly parameters: readonly string[];
  readonly retryAt: number | undefined;

  constructor(message: string, { parameters = [], retryAt, ...options }: ExceptionDetails = {}) {
    super(message, options);
    this.parameters = parameters;
    this.retryAt = retryAt;
  }

  getParameters(): readonly string[] {
    return this.parameters;
  }
}

interface Kind {
  readonly code?: number;
  readonly retryable?: true;
}

/** The name is text, because a bundler may rename the class. */
function exception<Name extends string, Reason extends string>(
  name: Name,
  reason: Reason,
  { code, retryable = false as never }: Kind = {},
) {
  return class extends ApproveException {
    override readonly name = name;
    override readonly reason = reason;
    override readonly code: number | undefined = code;
    override readonly retryable: boolean = retryable;
  };
}

/** A fault of this library, or of the platform under it. */
export class InternalException extends exception("InternalException", "internal", { code: 0 }) {}
/** Any argument that is not what the method takes. */
export class InvalidParameterException extends exception("InvalidParameterException", "invalid-parameter", {
  code: 3,
}) {}
/** The object does not support the operation, for example `verifyPassword` under a silent lock. */
export class UnsupportedOperationException extends exception("UnsupportedOperationException", "unsupported-operation", {
  code: 2,
}) {}
/** The id belongs to no container of this device. */
export class InvalidContainerException extends exception("InvalidContainerException", "invalid-container", {
  code: 8,
}) {}
/** The id names no user, and several containers match; `parameters` are the users to choose from. */
export class InexplicitContainerException extends exception("InexplicitContainerException", "inexplicit-container", {
  code: 9,
}) {}
/** The platform lacks the cryptography, or is too old. */
export class UnsupportedDeviceException extends exception("UnsupportedDeviceException", "unsupported-device", {
  code: 200,
}) {}
/** A rule of the server forbids this device, for example because it is rooted. */
export class UnsafeDeviceException extends exception("UnsafeDeviceException", "unsafe-device") {}
/** What protected the keys is gone, for example after a restore: register again. */
export class LostCredentialsException extends exception("LostCredentialsException", "lost-credentials", {
  code: 106,
}) {}
/** Wrong password or biometry, or locked; `retryAt` when a delay lock is running. */
export class AuthenticationException extends exception("AuthenticationException", "authentication", {
  code: 100,
  retryable: true,
}) {}
/** The policy wants a password and none was given. */
export class PasswordRequiredException extends exception("PasswordRequiredException", "password-required", {
  code: 105,
  retryable: true,
}) {}
/** The password is older than the policy allows: change it. */
export class PasswordExpiredException extends exception("PasswordExpiredException", "password-expired", {
  code: 103,
}) {}
/** The new password breaks the rule of the policy that `parameters` names. */
export class InvalidPasswordException extends exception("InvalidPasswordException", "invalid-password", {
  code: 101,
  retryable: true,
}) {}
/** The password was changed too short a time ago. */
export class PasswordNotYetUpdatableException extends exception(
  "PasswordNotYetUpdatableException",
  "password-not-yet-updatable",
  { code: 104, retryable: true },
) {}
/** The person closed the prompt. */
export class PasswordCancelledException extends exception("PasswordCancelledException", "password-cancelled", {
  retryable: true,
}) {}
/** Biometry is enabled and was not presented. */
export class FingerprintAuthenticationRequiredException extends exception(
  "FingerprintAuthenticationRequiredException",
  "fingerprint-authentication-required",
  { retryable: true },
) {}
/** The device knows nobody's biometry. */
export class FingerprintNotEnrolledException extends exception(
  "FingerprintNotEnrolledException",
  "fingerprint-not-enrolled",
) {}
/** A challenge that the OTP generator cannot take. */
export class InvalidChallengeException extends exception("InvalidChallengeException", "invalid-challenge") {}
/** Past its validity, or gone. */
export class TransactionExpiredException extends exception("TransactionExpiredException", "transaction-expired") {}
export class TransactionCanceledException extends exception("TransactionCanceledException", "transaction-canceled") {}
/** The key is past its validity: renew, or register again. */
export class CredentialsExpiredException extends exception("CredentialsExpiredException", "credentials-expired", {
  code: 102,
}) {}
/** The server was not reached, or gave no answer. */
export class RemoteException extends exception("RemoteException", "remote", { retryable: true }) {}
/** The server refuses this device: register again. */
export class ServerAuthenticationException extends exception(
  "ServerAuthenticationException",
  "server-authentication",
) {}
/** The server refused the operation; `parameters` has its code. */
export class ServerOperationFailedException extends exception(
  "ServerOperationFailedException",
  "server-operation-failed",
) {}
/** A message of the server that cannot be read, or proves nothing. */
export class ServerProtocolException extends exception("ServerProtocolException", "server-protocol") {}
/** Device and server share no version of the protocol. */
export class ServerVersionException extends exception("ServerVersionException", "server-version") {}
/** The server does not have the feature. */
export class ServerUnsupportedOperationException extends exception(
  "ServerUnsupportedOperationException",
  "server-unsupported-operation",
) {}
/** Android only. Never thrown here; applications that name it in a catch list keep compiling. */
export class GooglePlayServicesObsoleteException extends exception(
  "GooglePlayServicesObsoleteException",
  "google-play-services-obsolete",
) {}

type ExceptionClass = new (message: string, details?: ExceptionDetails) => ApproveException;

const ofVault: Readonly<Record<VaultErrorCode, ExceptionClass>> = {
  wrong: AuthenticationException,
  locked: AuthenticationException,
  "password-required": PasswordRequiredException,
  "password-invalid": InvalidPasswordException,
  "password-expired": PasswordExpiredException,
  "password-not-yet-changeable": PasswordNotYetUpdatableException,
  "biometry-required": FingerprintAuthenticationRequiredException,
  "biometry-not-enrolled": FingerprintNotEnrolledException,
  "biometry-cancelled": FingerprintAuthenticationRequiredException,
  "biometry-failed": AuthenticationException,
  lost: LostCredentialsException,
  unsupported: UnsupportedOperationException,
};

/** `parameters` of a password that breaks a rule is the name of the rule. */
export function fromVaultError(error: VaultError): ApproveException {
  const { code, message, rule, retryAt } = error;
  return new ofVault[code](message, { cause: error, retryAt, ...(rule !== undefined && { parameters: [rule] }) });
}

/** Runs a call of the vault; its failures come out as exceptions, everything else as it is. */
export async function throwingExceptions<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof VaultError ? fromVaultError(error) : error;
  }
}
