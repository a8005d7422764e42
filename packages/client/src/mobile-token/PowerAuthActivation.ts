/**
 * What an activation starts from: a code, attributes the server knows how to read, an OpenID sign-in, a recovery code.
 */
import type { ActivationSource, NewActivation, OidcParameters } from "../engine/activate.ts";
import { PowerAuthError } from "./PowerAuthError.ts";

/** What came back from the person's sign-in at an OpenID provider. */
export type PowerAuthOIDCParameters = OidcParameters;

export class PowerAuthActivation {
  /** Shown to the person among their devices. */
  readonly activationName: string;
  activationCode: string | undefined;
  recoveryCode: string | undefined;
  recoveryPuk: string | undefined;
  identityAttributes: Readonly<Record<string, string>> | undefined;
  oidcParameters: PowerAuthOIDCParameters | undefined;
  /** Kept by the server with the activation. */
  extras: string | undefined;
  /** Passed through the server's front end, not kept. */
  customAttributes: Record<string, unknown> | undefined;
  /** With an activation code only, where the server checks a one-time password during the key exchange. */
  additionalActivationOtp: string | undefined;

  private constructor(activationName: string) {
    this.activationName = activationName;
  }

  /** `activationCode` with or without `#signature`, as typed or scanned. It is checked by `createActivation`. */
  static createWithActivationCode(activationCode: string, name: string): PowerAuthActivation {
    return Object.assign(new PowerAuthActivation(name), { activationCode });
  }

  /** Attributes with which the server's own front end finds the person. Values are texts. */
  static createWithIdentityAttributes(
    identityAttributes: Readonly<Record<string, string>>,
    name: string,
  ): PowerAuthActivation {
    return Object.assign(new PowerAuthActivation(name), { identityAttributes });
  }

  /** A code from an OpenID provider that the server is configured for. */
  static createWithOIDCParameters(oidcParameters: PowerAuthOIDCParameters, name: string): PowerAuthActivation {
    return Object.assign(new PowerAuthActivation(name), { oidcParameters });
  }

  /** @deprecated Servers from 2.0 on, ours included, refuse it. */
  static createWithRecoveryCode(recoveryCode: string, recoveryPuk: string, name: string): PowerAuthActivation {
    return Object.assign(new PowerAuthActivation(name), { recoveryCode, recoveryPuk });
  }
}

/** Throws `INVALID_ACTIVATION_OBJECT` for what gives nothing to start from, or cannot be sent. */
export function readActivation(activation: PowerAuthActivation): NewActivation {
  const { activationName, extras, customAttributes, additionalActivationOtp } = activation ?? {};
  const source = readSource(activation ?? {});
  if (additionalActivationOtp !== undefined && source.kind !== "code") {
    throw invalid("A one-time password goes with an activation code only");
  }
  return {
    source,
    activationName,
    ...(extras !== undefined && { extras }),
    ...(customAttributes !== undefined && { customAttributes }),
    ...(additionalActivationOtp !== undefined && { activationOtp: additionalActivationOtp }),
  };
}

/** The first that is there: code, recovery, attributes, OpenID. */
function readSource(activation: Partial<PowerAuthActivation>): ActivationSource {
  const { activationCode, recoveryCode, recoveryPuk, identityAttributes, oidcParameters } = activation;
  if (isText(activationCode)) return { kind: "code", activationCode };
  if (isText(recoveryCode)) return { kind: "recovery", recoveryCode, puk: String(recoveryPuk) };
  if (identityAttributes !== undefined) {
    if (isTextMap(identityAttributes)) return { kind: "attributes", identityAttributes };
    throw invalid("Identity attributes are texts");
  }
  if (oidcParameters !== undefined) return { kind: "oidc", parameters: readOidc(oidcParameters) };
  throw invalid("The activation object has nothing to start from");
}

function readOidc({ providerId, code, nonce, codeVerifier }: PowerAuthOIDCParameters): OidcParameters {
  const texts = [providerId, code, nonce, ...(codeVerifier == null ? [] : [codeVerifier])];
  if (!texts.every(isText)) throw invalid("The OpenID parameters are not complete");
  return { providerId, code, nonce, ...(codeVerifier != null && { codeVerifier }) };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((item) => typeof item === "string");
}

function invalid(message: string): PowerAuthError {
  return new PowerAuthError("INVALID_ACTIVATION_OBJECT", message);
}
