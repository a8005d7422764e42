/** What the bank's own back end answers. It knows nothing of Countersign that it need not. */

export interface Customer {
  readonly name: string;
  readonly iban: string;
  readonly balance: string;
  readonly devices: number;
}

export type Way = "phone" | "near" | "offline";

export interface Payment {
  readonly id: string;
  readonly way: Way;
  readonly title: string;
  readonly amount: string;
  readonly iban: string;
  readonly note: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly status: "waiting" | "approved" | "rejected" | "expired" | "failed";
  readonly words?: string;
  readonly factors?: readonly string[];
  /** While it waits, what a camera is to see, and the same for a browser on this machine. */
  readonly qr?: string;
  readonly link?: string;
}

export interface State {
  readonly authenticator: string;
  readonly console: string;
  readonly customer?: Customer;
  readonly payments?: readonly Payment[];
}

export type Kind = "mobile-token" | "approve";

export interface Invitation {
  /** Absent with Approve. */
  readonly code?: string;
  readonly qr: string;
  readonly link: string;
}

export interface ConnectionState {
  readonly state: "waiting" | "confirm" | "active" | "gone";
  readonly digits?: string;
}

export interface LogInState {
  readonly status: "waiting" | "claimed" | "approved" | "over";
  readonly qr?: string;
  readonly link?: string;
}

export interface Proof {
  readonly issuer: string;
  readonly data: string;
  readonly evidence?: string;
  readonly factors: readonly string[];
  readonly isForgeryRefused: boolean;
}

export class BankError extends Error {
  override readonly name = "BankError";
  /** `offline` when no answer came. */
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export async function ask<Answer>(path: string, body?: object): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`api${path}`, {
      ...(body !== undefined && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
  } catch {
    throw new BankError("offline");
  }
  const answer = (await response.json().catch(() => ({}))) as Answer & { readonly code?: string };
  if (!response.ok) throw new BankError(answer.code ?? "unavailable");
  return answer;
}

const words: Readonly<Record<string, string>> = {
  offline: "The bank cannot be reached.",
  "no-device": "Connect a phone first: there is none that could approve.",
  "not-this-way": "This way needs a Mobile Token account. Ask your phone instead.",
  balance: "There is not enough money in the account.",
  amount: "Enter an amount such as 25.00.",
  iban: "This is not an account number. Check it, digit by digit.",
  note: "Use letters, digits and punctuation, at most 60.",
  "offline-code-wrong": "This code does not fit. Check the digits, or compute it again.",
  "invalid-request": "The code has sixteen digits.",
};

export function textOf(error: unknown): string {
  return (error instanceof BankError ? words[error.code] : undefined) ?? "That did not work. Try again.";
}
