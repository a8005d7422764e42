/**
 * `@countersign/client/mobile-token/compat`: for applications written for other editions. Classes of the PowerAuth object
 * have the same names everywhere; `withResults` gives services the older manner of answering.
 */
export { apiLevel } from "../index.ts";
export { withResults, type ServiceResult, type WithResults } from "./results.ts";

export { WultraMobileToken } from "./WultraMobileToken.ts";
export { WMTProximityCheckType, WMTSigningKey } from "./spellings.ts";
export {
  KnownRestApiError as WMTKnownRestApiError,
  MobileTokenDataBuilder as WMTMobileTokenDataBuilder,
  MobileTokenError as WMTException,
  MobileTokenLogger as WMTLogger,
  Oidc as WMTOIDC,
  OperationExpirationWatcher as WMTOperationExpirationWatcher,
  Operations as WMTOperations,
  PacUtils as WMTPACUtils,
  PreApprovalScreenAction as WMTPreApprovalScreenAction,
  PreApprovalScreensRecorder as WMTPreApprovalScreensRecorder,
  ProximityCheck as WMTOperationProximityCheck,
  PushParser as WMTPushParser,
  QrOperationParser as WMTQROperationParser,
  RejectionReason as WMTRejectionReason,
  SignatureVariant as WMTSignatureVariant,
  UserAgent as WMTUserAgent,
} from "../index.ts";
export type {
  AllowedSignatureType as WMTAllowedOperationSignature,
  FormData as WMTOperationFormData,
  MobileTokenDataRecord as WMTMobileTokenDataRecord,
  OidcActivationParameters as WMTOIDCActivationParameters,
  OidcAuthorizationRequest as WMTOIDCAuthorizationRequest,
  OidcConfig as WMTOIDCConfig,
  OnlineOperation as WMTOnlineOperation,
  OperationAttribute as WMTOperationAttribute,
  OperationsListener as WMTOperationsListener,
  OperationUi as WMTOperationUIData,
  PacData as WMTPACData,
  PkceCodes as WMTPKCECodes,
  PostApprovalScreen as WMTPostApprovalScreen,
  PreApprovalScreen as WMTPreApprovalScreen,
  PreApprovalScreenVisit as WMTPreApprovalScreenVisit,
  PushMessage as WMTPushMessage,
  QrOperation as WMTQROperation,
  ResponseError as WMTResponseError,
  ResultTexts as WMTOperationResultTexts,
  UserOperation as WMTUserOperation,
  UserOperationStatus as WMTUserOperationStatus,
} from "../index.ts";
