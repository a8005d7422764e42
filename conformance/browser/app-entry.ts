/** What an application needs that activates, shows what waits, and decides online and offline. */
import {
  MobileTokenError,
  PowerAuth,
  PowerAuthActivation,
  PowerAuthActivationCodeUtil,
  PowerAuthAuthentication,
  PowerAuthError,
  PowerAuthPassword,
  QrOperationParser,
} from "@countersign/client/mobile-token";

Object.assign(globalThis, {
  MobileTokenError,
  PowerAuth,
  PowerAuthActivation,
  PowerAuthActivationCodeUtil,
  PowerAuthAuthentication,
  PowerAuthError,
  PowerAuthPassword,
  QrOperationParser,
});
