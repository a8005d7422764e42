/** `@countersign/client/approve`: Device, Container and Transaction on the open Approve protocol. */
export { DeviceFactory, type DeviceContext } from "./DeviceFactory.ts";
export type { Device } from "./Device.ts";
export type { Container, DirectOptions, HistoryPage, PastTransaction } from "./Container.ts";
export type { Key, KeyId } from "./Key.ts";
export type { ServerActionInfo } from "./ServerActionInfo.ts";
export { type Requester, ServerAction, Transaction } from "./Transaction.ts";
export { ConnectionConfiguration, type ConnectionOptions } from "./ConnectionConfiguration.ts";
export { ContainerInitialization, ContainerRenewal } from "./ContainerInitialization.ts";
export { CancelationReason } from "./CancelationReason.ts";
export { Parameter, type Parameters } from "./Parameter.ts";
export { SDKConstants } from "./SDKConstants.ts";
export type { Password } from "./arguments.ts";
export { Event, type EventListener, EventResult, PasswordPromptEvent, PasswordPromptResult } from "./events.ts";
export { type AsyncOTPGenerator, InputOCRAParameters } from "./otp/AsyncOTPGenerator.ts";
export type { SyncOTPGenerator } from "./otp/SyncOTPGenerator.ts";
export { BiometryFailure, type BiometryInfo, type BiometryPrompt, type BiometryProvider } from "../engine/biometry.ts";
export { BioPasswordPolicy } from "./policies/BioPasswordPolicy.ts";
export { CounterLock, DelayLock, LockPolicy, NoLock, SilentLock } from "./policies/LockPolicy.ts";
export { PasswordPolicy } from "./policies/PasswordPolicy.ts";
export { ProtectionPolicy } from "./policies/ProtectionPolicy.ts";
export {
  ApproveException,
  AuthenticationException,
  CredentialsExpiredException,
  FingerprintAuthenticationRequiredException,
  FingerprintNotEnrolledException,
  GooglePlayServicesObsoleteException,
  InexplicitContainerException,
  InternalException,
  InvalidChallengeException,
  InvalidContainerException,
  InvalidParameterException,
  InvalidPasswordException,
  LostCredentialsException,
  PasswordCancelledException,
  PasswordExpiredException,
  PasswordNotYetUpdatableException,
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
  UnsupportedDeviceException,
  UnsupportedOperationException,
} from "./exceptions.ts";
