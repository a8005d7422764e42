/**
 * `@countersign/client/approve/compat`: the same objects under the names of other generations and platforms, so that an
 * existing application changes its imports and not its code.
 */
export { DeviceFactory, DeviceFactory as HIDDeviceFactory } from "../DeviceFactory.ts";
export type { Device as HIDDevice } from "../Device.ts";
export type { Container as HIDContainer } from "../Container.ts";
export type { Key as HIDKey } from "../Key.ts";
export type {
  ServerActionInfo as HIDServerActionInfo,
  ServerActionInfo as TransactionInfo,
} from "../ServerActionInfo.ts";
export { Transaction as HIDTransaction } from "../Transaction.ts";
export { ConnectionConfiguration as HIDConnectionConfiguration } from "../ConnectionConfiguration.ts";
export {
  ContainerInitialization as HIDContainerInitialization,
  ContainerRenewal as HIDContainerRenewal,
} from "../ContainerInitialization.ts";
export { CancelationReason as HIDCancelationReason } from "../CancelationReason.ts";
export { Parameter as HIDParameter } from "../Parameter.ts";
export { SDKConstants as HIDConstants } from "../SDKConstants.ts";
export {
  type EventListener as HIDProgressListener,
  PasswordPromptEvent as HIDPasswordPromptEvent,
  PasswordPromptResult as HIDPasswordPromptResult,
} from "../events.ts";
