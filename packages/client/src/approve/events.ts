/** What a long call asks of the application while it runs: a new password for a policy that wants one. */
import type { Prompt } from "../engine/approve/enrolment/record.ts";
import { ApproveError } from "../engine/approve/errors.ts";
import { Parameter } from "./Parameter.ts";
import type { PasswordPolicy } from "./policies/PasswordPolicy.ts";
import { newPasswordPolicy } from "./policy-faces.ts";
import { SDKConstants } from "./SDKConstants.ts";
import { InvalidParameterException, PasswordRequiredException } from "./exceptions.ts";

export class Event {
  readonly parameters: readonly Parameter[];

  constructor(parameters: readonly Parameter[]) {
    this.parameters = parameters;
  }

  getParameters(): readonly Parameter[] {
    return this.parameters;
  }
}

const code = { Continue: "Continue", Cancel: "Cancel" } as const;

export class EventResult {
  static readonly Code = code;
  readonly code: keyof typeof code;

  constructor(result: keyof typeof code) {
    this.code = result;
  }

  getCode(): keyof typeof code {
    return this.code;
  }
}

/** The person is to choose a password, or, in a renewal, to give the one there is. */
export class PasswordPromptEvent extends Event {
  readonly passwordPolicy: PasswordPolicy;

  constructor(passwordPolicy: PasswordPolicy, parameters: readonly Parameter[]) {
    super(parameters);
    this.passwordPolicy = passwordPolicy;
  }

  getPasswordPolicy(): PasswordPolicy {
    return this.passwordPolicy;
  }
}

export class PasswordPromptResult extends EventResult {
  #password: Uint8Array | undefined;

  /** It is zero when the call that asked has ended. */
  setPassword(password: Uint8Array): void {
    this.#password = password;
  }

  getPassword(): Uint8Array | undefined {
    return this.#password;
  }
}

export interface EventListener {
  onEventReceived(event: Event): EventResult | Promise<EventResult>;
}

export function isListener(value: unknown): value is EventListener {
  return typeof value === "object" && value !== null && typeof (value as EventListener).onEventReceived === "function";
}

/** Asks the listener; what is no password to go on with ends the call. */
export function promptOf(listener: EventListener | null | undefined): Prompt {
  return async ({ policyId, record }) => {
    if (!isListener(listener))
      throw new PasswordRequiredException("A policy wants a password, and there is no listener");
    const policy = record.policies[policyId];
    if (policy === undefined) throw new ApproveError("message-wrong", "The record lacks a policy");
    const event = new PasswordPromptEvent(newPasswordPolicy(policyId, policy), [
      new Parameter(SDKConstants.KEY_POLICY, policyId),
      new Parameter(SDKConstants.TYPE, policy.type),
    ]);
    const result = await listener.onEventReceived(event);
    const password = result instanceof PasswordPromptResult ? result.getPassword() : undefined;
    if (result.code === "Continue" && password instanceof Uint8Array) return password;
    if (result.code === "Continue") throw new InvalidParameterException("The prompt was answered without a password");
    throw new ApproveError("prompt-cancelled", "The person closed the prompt");
  };
}
