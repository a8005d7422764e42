/** What the engine throws, as the exceptions that applications catch: one row for each code (Approve protocol §12). */
import { ApproveError, type ApproveErrorCode } from "../engine/approve/errors.ts";
import { VaultError } from "../engine/approve/key-vault.ts";
import { StorageError } from "../storage/port.ts";
import {
  ApproveException,
  AuthenticationException,
  CredentialsExpiredException,
  type ExceptionDetails,
  fromVaultError,
  InexplicitContainerException,
  InternalException,
  InvalidContainerException,
  InvalidParameterException,
  LostCredentialsException,
  PasswordCancelledException,
  PasswordRequiredException,
  RemoteException,
  ServerAuthenticationException,
  ServerOperationFailedException,
  ServerProtocolException,
  ServerUnsupportedOperationException,
  ServerVersionException,
  TransactionCanceledException,
  TransactionExpiredException,
  UnsafeDeviceException,
} from "./exceptions.ts";

type ExceptionClass = new (message: string, details?: ExceptionDetails) => ApproveException;

const classes: Readonly<Record<ApproveErrorCode, ExceptionClass>> = {
  "invalid-request": ServerOperationFailedException,
  "proof-invalid": ServerAuthenticationException,
  use_dpop_nonce: RemoteException,
  "container-blocked": ServerAuthenticationException,
  "container-removed": ServerAuthenticationException,
  "key-expired": CredentialsExpiredException,
  "signature-wrong": AuthenticationException,
  "offer-unknown": ServerOperationFailedException,
  "offer-used": ServerOperationFailedException,
  "offer-expired": ServerOperationFailedException,
  "device-not-allowed": UnsafeDeviceException,
  "too-many-devices": ServerOperationFailedException,
  "transaction-unknown": TransactionExpiredException,
  "operation-expired": TransactionExpiredException,
  "operation-canceled": TransactionCanceledException,
  "operation-finished": TransactionCanceledException,
  "operation-out-of-tries": ServerOperationFailedException,
  "status-not-allowed": InvalidParameterException,
  "verification-required": PasswordRequiredException,
  "number-wrong": ServerOperationFailedException,
  "clone-suspected": ServerAuthenticationException,
  "feature-off": ServerUnsupportedOperationException,
  "version-not-supported": ServerVersionException,
  "user-suspended": ServerOperationFailedException,
  throttled: RemoteException,
  unavailable: RemoteException,
  "outcome-unknown": RemoteException,
  refused: ServerOperationFailedException,
  network: RemoteException,
  "message-wrong": ServerProtocolException,
  version: ServerVersionException,
  "parameter-invalid": InvalidParameterException,
  "container-unknown": InvalidContainerException,
  "container-ambiguous": InexplicitContainerException,
  "state-invalid": InternalException,
  lost: LostCredentialsException,
  "prompt-cancelled": PasswordCancelledException,
};

/** `parameters` are the users to choose from, or the code. */
function exceptionOf(error: unknown): ApproveException {
  if (error instanceof ApproveException) return error;
  if (error instanceof VaultError) return fromVaultError(error);
  if (error instanceof ApproveError) {
    const { code, message, users } = error;
    return new classes[code](message, { cause: error, parameters: users.length > 0 ? users : [code] });
  }
  const message = error instanceof StorageError ? "The storage of the device failed" : "The library failed";
  return new InternalException(message, { cause: error });
}

/** Nothing but exceptions comes out. */
export async function throwing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw exceptionOf(error);
  }
}
