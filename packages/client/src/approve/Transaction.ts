/** Something to be approved or declined: fetched from the server, or started by the device itself. */
import { isContext, longestContext } from "@countersign/protocol/approve/response";
import type { Effect } from "@countersign/protocol/approve/transaction";
import type { Accepted } from "../engine/approve/sequence.ts";
import type { Credential } from "../engine/approve/key-vault.ts";
import { parametersOf, type Password, withPasswords } from "./arguments.ts";
import { CancelationReason } from "./CancelationReason.ts";
import { credentialFor } from "./credentials.ts";
import { InvalidParameterException, ServerUnsupportedOperationException } from "./exceptions.ts";
import { throwing } from "./failures.ts";
import type { Key } from "./Key.ts";
import type { Parameters } from "./Parameter.ts";
import { SDKConstants } from "./SDKConstants.ts";

/** @internal What a transaction is made from. */
export interface TransactionInner {
  readonly text: string;
  readonly statuses: readonly { readonly status: string; readonly effect: Effect; readonly key: Key }[];
  /** Whether another word than those may be said: then the server decides. */
  readonly anyStatus: boolean;
  readonly requester: Requester | undefined;
  readonly details: readonly object[] | undefined;
  readonly signingKey: Key;
  readonly date: Date;
  readonly expiryDate: Date | undefined;
  readonly payload: string | undefined;
  readonly cancelable: boolean;
  readonly match: "enter" | "scan" | undefined;
  respond(given: {
    readonly status: string;
    readonly credential: Credential;
    readonly context: string | undefined;
    readonly number: string | undefined;
  }): Promise<Accepted>;
  cancel(reason: CancelationReason, message: string): Promise<void>;
}

/** Who asks for it. */
export interface Requester {
  readonly id: string;
  readonly name: string;
  /** Whether its own signature was checked, with keys pinned before; otherwise the server alone says so. */
  readonly verified: boolean;
}

export class ServerAction {
  /** @internal */
  readonly inner: TransactionInner;

  /** @internal */
  constructor(inner: TransactionInner) {
    this.inner = inner;
  }

  /** What kind of action it is: `SDKConstants.ACTION_TRANSACTION`. */
  getAction(): string {
    return SDKConstants.ACTION_TRANSACTION;
  }

  get action(): string {
    return this.getAction();
  }

  /** When the server stated it. */
  get date(): Date {
    return this.inner.date;
  }

  getDate(): Date {
    return this.date;
  }

  get expiryDate(): Date | null {
    return this.inner.expiryDate ?? null;
  }

  getExpiryDate(): Date | null {
    return this.expiryDate;
  }

  /** What the relying party attached, if anything. */
  get payload(): string | null {
    return this.inner.payload ?? null;
  }

  getPayload(): string | null {
    return this.payload;
  }
}

const known = [SDKConstants.PARAM_TX_MOBILE_CONTEXT, SDKConstants.PARAM_TX_NUMBER];

export class Transaction extends ServerAction {
  #accepted: Accepted | undefined;

  /** What the person is to be shown, and what the answer covers. */
  override toString(): string {
    return this.inner.text;
  }

  /** Who asks; null for what the person started. */
  get requester(): Requester | null {
    return this.inner.requester ?? null;
  }

  getRequester(): Requester | null {
    return this.requester;
  }

  /** What is asked for, typed (RFC 9396); null where it came without. */
  get authorizationDetails(): readonly object[] | null {
    return this.inner.details ?? null;
  }

  getAuthorizationDetails(): readonly object[] | null {
    return this.authorizationDetails;
  }

  /** The server's words: what the person may answer. Applications show their own labels for them. */
  get allowedStatuses(): readonly string[] {
    return this.inner.statuses.map(({ status }) => status);
  }

  getAllowedStatuses(): readonly string[] {
    return this.allowedStatuses;
  }

  /** What a status does: `approve`, `deny` or `report`; null for one that is not allowed. */
  getEffect(status: string): Effect | null {
    return this.inner.statuses.find((one) => one.status === status)?.effect ?? null;
  }

  /** What signs the first of the allowed statuses. */
  get signingKey(): Key {
    return this.inner.signingKey;
  }

  getSigningKey(): Key {
    return this.signingKey;
  }

  isCancelable(): boolean {
    return this.inner.cancelable;
  }

  /** How the six digits of another screen get here: typed (`enter`) or scanned (`scan`); null where none are asked for. */
  get numberMatching(): "enter" | "scan" | null {
    return this.inner.match ?? null;
  }

  getNumberMatching(): "enter" | "scan" | null {
    return this.numberMatching;
  }

  /**
   * Signs and sends the answer; `true` once the server has accepted it. The session password is not needed to answer: it
   * is taken because applications pass it. An answer that got no reply is sent again, the very same, by the same call.
   */
  setStatus(
    status: string,
    signingPassword?: Password,
    sessionPassword?: Password,
    parameters?: Parameters,
  ): Promise<boolean> {
    return throwing(() =>
      withPasswords([signingPassword, sessionPassword], async () => {
        const chosen = this.#chosen(status);
        const values = parametersOf(parameters, known);
        const context = contextOf(values.get(SDKConstants.PARAM_TX_MOBILE_CONTEXT));
        const asked = this.inner.match !== undefined && chosen.effect === "approve";
        const number = numberOf(values.get(SDKConstants.PARAM_TX_NUMBER), asked);
        const credential = credentialFor(chosen.key, signingPassword);
        this.#accepted = await this.inner.respond({ status, credential, context, number });
        return true;
      }),
    );
  }

  /** Discards it without a signing key. `NOTIFY_SUSPICIOUS` brings what the server does against fraud. */
  cancel(message: string | null | undefined, reason: CancelationReason, sessionPassword?: Password): Promise<void> {
    return throwing(() =>
      withPasswords([sessionPassword], async () => {
        const text = message ?? "";
        if (typeof text !== "string" || text.length > 256) {
          throw new InvalidParameterException("The message has at most 256 characters");
        }
        if (!Object.hasOwn(CancelationReason, reason)) throw new InvalidParameterException("There is no such reason");
        if (!this.inner.cancelable) throw new ServerUnsupportedOperationException("It cannot be cancelled");
        await this.inner.cancel(reason, text);
      }),
    );
  }

  /** A signed statement of the server about what was answered; null before, and where the server gives none. */
  get idToken(): string | null {
    return textMember(this.#accepted, "idToken");
  }

  getIdToken(): string | null {
    return this.idToken;
  }

  /** What the back end redeems a direct signature with; null before it was answered. */
  get requestId(): string | null {
    return textMember(this.#accepted, "requestId");
  }

  getRequestId(): string | null {
    return this.requestId;
  }

  #chosen(status: string) {
    const chosen = this.inner.statuses.find((one) => one.status === status);
    if (chosen !== undefined) return chosen;
    if (this.inner.anyStatus && typeof status === "string" && /^.{1,64}$/.test(status)) {
      return { effect: undefined, key: this.inner.signingKey };
    }
    throw new InvalidParameterException("This status is not among the allowed ones");
  }
}

function contextOf(context: string | undefined): string | undefined {
  if (context === undefined) return undefined;
  const bare = context.replace(/=+$/, "");
  const padded = bare.length !== context.length;
  const oneAlphabet = !(/[+/]/.test(bare) && /[-_]/.test(bare));
  const whole = bare.length % 4 !== 1 && (!padded || context.length % 4 === 0);
  if (isContext(context) && oneAlphabet && whole) return context;
  throw new InvalidParameterException(`The mobile context is Base64 of at most ${longestContext} characters`);
}

function numberOf(number: string | undefined, asked: boolean): string | undefined {
  if (!asked && number === undefined) return undefined;
  if (asked && number !== undefined && /^\d{6}$/.test(number)) return number;
  throw new InvalidParameterException(asked ? "The number has six digits" : "No number is asked for");
}

function textMember(accepted: Accepted | undefined, member: string): string | null {
  const value = accepted?.[member];
  return typeof value === "string" ? value : null;
}
