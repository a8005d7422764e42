/**
 * What an activation starts from. An activation code is the only kind yet.
 */
import { PowerAuthError } from "./PowerAuthError.ts";

export class PowerAuthActivation {
  readonly activationCode: string;
  /** Shown to the person among their devices. */
  readonly activationName: string;
  /** Kept by the server with the activation. */
  extras: string | undefined;
  /** Passed through the server's front end, not kept. */
  customAttributes: Record<string, unknown> | undefined;
  /** Where the server checks a one-time password during the key exchange. */
  additionalActivationOtp: string | undefined;

  private constructor(activationCode: string, activationName: string) {
    this.activationCode = activationCode;
    this.activationName = activationName;
  }

  /** `activationCode` with or without `#signature`, as typed or scanned. It is checked by `createActivation`. */
  static createWithActivationCode(activationCode: string, name: string): PowerAuthActivation {
    return new PowerAuthActivation(activationCode, name);
  }
}

/** Throws `INVALID_ACTIVATION_OBJECT` for what gives nothing to start from. */
export function readActivation(activation: PowerAuthActivation) {
  const { activationCode, activationName, extras, customAttributes, additionalActivationOtp } = activation ?? {};
  if (typeof activationCode !== "string" || activationCode === "") {
    throw new PowerAuthError("INVALID_ACTIVATION_OBJECT", "The activation object has no activation code");
  }
  return {
    activationCode,
    activationName,
    ...(extras !== undefined && { extras }),
    ...(customAttributes !== undefined && { customAttributes }),
    ...(additionalActivationOtp !== undefined && { activationOtp: additionalActivationOtp }),
  };
}
