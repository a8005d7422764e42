/**
 * `@countersign/client/mobile-token`: the PowerAuth object and the Mobile Token services on it.
 */

/**
 * Where the existing editions differ, this entry point means what editions before 5 mean: `encryptRequest` takes text,
 * `configuration` is there at once, failures are thrown.
 */
export const apiLevel = 4;

export { PowerAuth, type PowerAuthBiometricStatus } from "./PowerAuth.ts";
export { PowerAuthActivation, type PowerAuthOIDCParameters } from "./PowerAuthActivation.ts";
export { PowerAuthActivationCodeUtil, type PowerAuthActivationCode } from "./PowerAuthActivationCodeUtil.ts";
export {
  PowerAuthActivationState,
  type PowerAuthActivationStatus,
  type PowerAuthCreateActivationResult,
} from "./PowerAuthActivationStatus.ts";
export { PowerAuthAuthentication, type PowerAuthBiometricPrompt } from "./PowerAuthAuthentication.ts";
export {
  PowerAuthAlgorithm,
  PowerAuthBiometryConfiguration,
  PowerAuthClientConfiguration,
  PowerAuthConfiguration,
  PowerAuthKeychainConfiguration,
  type PowerAuthConfigurationType,
  type PowerAuthHttpHeader,
  type PowerAuthKeychainProtection,
  type PowerAuthSharingConfiguration,
} from "./configurations.ts";
export {
  PowerAuthDecryptor,
  PowerAuthEncryptor,
  type PowerAuthCryptogram,
  type PowerAuthDataFormat,
  type PowerAuthEncryptedRequestData,
  type PowerAuthEncryptorScope,
} from "./PowerAuthEncryptor.ts";
export { PowerAuthError, PowerAuthErrorCode, type PowerAuthErrorData } from "./PowerAuthError.ts";
export { PowerAuthPassword, type PasswordType } from "./PowerAuthPassword.ts";
export {
  PowerAuthTokenStore,
  type PowerAuthAuthorizationHttpHeader,
  type PowerAuthToken,
} from "./PowerAuthTokenStore.ts";

export { PowerAuthCryptoUtils } from "./power-auth/PowerAuthCryptoUtils.ts";
export { PowerAuthDebug, type PowerAuthLog } from "./power-auth/PowerAuthDebug.ts";
export { PowerAuthPassphraseMeter } from "./power-auth/PowerAuthPassphraseMeter.ts";
export { PowerAuthPasswordChangeData } from "./power-auth/PowerAuthPasswordChangeData.ts";
export { PowerAuthSignatureKeyId } from "./power-auth/PowerAuthSigningMembers.ts";
export { PowerAuthStorageType, PowerAuthStorageUtils } from "./power-auth/PowerAuthStorageUtils.ts";
export { PowerAuthTimeSynchronizationService } from "./power-auth/PowerAuthTimeSynchronizationService.ts";
export type { PowerAuthUserAddress, PowerAuthUserInfo } from "./power-auth/PowerAuthUserInfo.ts";
export { PowerAuthUtils, type PowerAuthEnvironmentInfo } from "./power-auth/PowerAuthUtils.ts";
export { PinTestIssue, type PinTestResult } from "./power-auth/pin-test-result.ts";

export { MobileToken, type MobileTokenConfiguration } from "./MobileToken.ts";
export {
  MobileTokenError,
  type MobileTokenErrorDetail,
  type MobileTokenErrorReason,
  type ResponseError,
} from "./MobileTokenError.ts";
export { KnownRestApiError, type OperationReason } from "./errors/codes.ts";
export type { MobileTokenCallOptions, RequestProcessor } from "./connection.ts";
export { UserAgent } from "./UserAgent.ts";
export {
  readOperation,
  readOperations,
  readUi,
  SignatureVariant,
  type AllowedSignatureType,
  type FormData,
  type OnlineOperation,
  type OperationProximityCheck,
  type OperationUi,
  type ResultTexts,
  type SignatureType,
  type UserOperation,
  type UserOperationStatus,
} from "./model/operation.ts";
export type {
  AlertAttribute,
  AlertType,
  AmountAttribute,
  AmountConversionAttribute,
  AttributeType,
  HeadingAttribute,
  ImageAttribute,
  KeyValueAttribute,
  NoteAttribute,
  OperationAttribute,
  PartyInfoAttribute,
  UnknownAttribute,
} from "./model/attributes.ts";
export { shownAmount, shownConversion, type ShownAmount } from "./model/amount.ts";
export type { Extensible, JsonObject, JsonValue } from "./model/members.ts";
export type {
  LegacyPreApprovalScreen,
  PreApprovalControls,
  PreApprovalElement,
  PreApprovalScreen,
} from "./model/pre-approval.ts";
export {
  readPostApprovalScreen,
  type PostApprovalGeneric,
  type PostApprovalRedirect,
  type PostApprovalReview,
  type PostApprovalScreen,
  type PostApprovalUnknown,
} from "./model/post-approval.ts";
export type {
  DetailCellTemplate,
  DetailSectionTemplate,
  DetailTemplate,
  ListTemplate,
  OperationTemplates,
} from "./model/templates.ts";
export {
  attributeText,
  detailVisual,
  listVisual,
  type OperationCellVisual,
  type OperationDetailVisual,
  type OperationListVisual,
  type OperationSectionVisual,
} from "./model/visual.ts";
export { Operations } from "./operations/Operations.ts";
export type { OperationsFetchResult, OperationsListener } from "./operations/OperationList.ts";
export {
  OperationExpirationWatcher,
  type ExpirableOperation,
  type ExpirationWatcherConfiguration,
} from "./operations/OperationExpirationWatcher.ts";
export { MobileTokenDataBuilder, type MobileTokenDataRecord } from "./operations/MobileTokenDataBuilder.ts";
export {
  PreApprovalScreenAction,
  PreApprovalScreensRecorder,
  type PreApprovalScreenVisit,
} from "./operations/PreApprovalScreensRecorder.ts";
export { RejectionReason } from "./operations/RejectionReason.ts";
export {
  SigningKey,
  type QrOperation,
  type QrOperationData,
  type QrOperationField,
  type QrOperationFlags,
  type QrOperationSignature,
} from "./offline/QrOperation.ts";
export { QrOperationParser } from "./offline/QrOperationParser.ts";
export { PacUtils } from "./proximity/PacUtils.ts";
export { ProximityCheck, ProximityCheckType } from "./proximity/ProximityCheck.ts";
export { Inbox } from "./inbox/Inbox.ts";
export type { InboxContentType, InboxCount, InboxMessage, InboxMessageDetail } from "./inbox/message.ts";
export { Push } from "./push/Push.ts";
export { PushPlatform, type ApnsEnvironment, type ApnsOptions, type WebPushSubscription } from "./push/PushPlatform.ts";
export { PushParser, type PushMessage, type PushOperationResult } from "./push/PushParser.ts";
export { Oidc, type OidcActivationParameters, type OidcAuthorizationRequest } from "./oidc/Oidc.ts";
export type { OidcConfig, PkceCodes } from "./oidc/authorization.ts";
export {
  MobileTokenLogger,
  type LogLevel,
  type LogListener,
  type LogMessage,
  type LogVerbosity,
} from "./logging/MobileTokenLogger.ts";

export type { OfflineQrReason } from "@countersign/protocol/operation/offline-qr";
export type { PacData, PacReason } from "@countersign/protocol/operation/pac";
export {
  BiometryFailure,
  type BiometryFailureCode,
  type BiometryInfo,
  type BiometryPrompt,
  type BiometryProvider,
  type BiometryStatus,
  type BiometryType,
} from "../engine/biometry.ts";
export type { ActivationDetail, ActivationTransfer } from "../engine/account/own-activation.ts";
export type { Timers } from "../platform/timers.ts";
export type { Environment } from "../platform/environment.ts";
export type { CallOptions, Fetch, RequestInterceptor as PowerAuthRequestInterceptor } from "../engine/transport.ts";
export { StorageError, type DeviceStorage, type StorageErrorCode, type StorageProtection } from "../storage/port.ts";
