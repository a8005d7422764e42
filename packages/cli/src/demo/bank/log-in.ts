/**
 * Logging in without a name: for nobody, until the phone that scans the code claims it. There are two operations, one for
 * each kind of account a phone may have, and one code for both; what is decided first counts, and ends the other.
 */
import type { Operation } from "@countersign/relying-party/operations";
import { verifyReceipt } from "@countersign/relying-party/receipt";
import { names } from "../parties.ts";
import type { Customers, Session } from "./customers.ts";
import { bankName, templates, type Ties } from "./set-up.ts";

export interface LogIn {
  /** With a one-time password on this screen, for Mobile Token accounts. */
  readonly near: Pick<Operation, "id" | "data">;
  /** With a reference on this screen, for Approve accounts. */
  readonly open: Pick<Operation, "id" | "data">;
}

export interface LogInState {
  readonly status: "waiting" | "claimed" | "approved" | "over";
  readonly qr?: string;
  readonly link?: string;
}

export async function beginLogIn({ operations, api }: Ties, session: Session): Promise<void> {
  const asked = {
    template: templates.logIn,
    applications: [names.application],
    parameters: { reason: `${bankName} on the web` },
  };
  const [near, { operation: open }] = await Promise.all([
    operations.createOperation({ ...asked, proximityCheck: true }),
    api.call<{ operation: Operation }>("POST", "/transactions", asked),
  ]);
  session.logIn = { near, open };
}

/** Whoever approved is logged in here: the receipt says who, and is verified first. */
export async function logInState(ties: Ties, session: Session, customers: Customers): Promise<LogInState> {
  const { logIn } = session;
  if (logIn === undefined) return { status: "over" };
  const both = await Promise.all([logIn.near, logIn.open].map(({ id }) => ties.operations.getOperation(id)));
  const approved = both.find(({ status }) => status === "APPROVED");
  if (approved === undefined && both.every(({ status }) => status === "PENDING")) return waiting(ties, both);
  session.logIn = undefined;
  const left = both.filter(({ status }) => status === "PENDING");
  // Decided at the same moment: then it is over anyway.
  await Promise.all(left.map(({ id }) => ties.operations.cancelOperation(id).catch(() => {})));
  if (approved === undefined) return { status: "over" };
  const { id: operationId } = approved;
  const expectedData = (operationId === logIn.near.id ? logIn.near : logIn.open).data;
  const receipt = await ties.operations.getReceipt(operationId);
  const expected = { operationId, expectedData, status: "APPROVED" } as const;
  const [decision] = (await verifyReceipt(receipt, ties.keys, expected)).decisions;
  if (decision?.userId === undefined) return { status: "over" };
  session.customer = customers.find(decision.userId);
  return { status: "approved" };
}

async function waiting({ api, publicUrl }: Ties, both: readonly Operation[]): Promise<LogInState> {
  const [near, open] = both;
  if (near?.proximityOtp === undefined || open === undefined) return { status: "waiting" };
  if (both.some(({ userId }) => userId !== undefined)) return { status: "claimed" };
  const path = `/transactions/${open.id}/reference`;
  // Claimed or decided since: the next look says so.
  const shown = await api.call<{ reference: string }>("GET", path).catch(() => undefined);
  if (shown === undefined) return { status: "waiting" };
  const once = new URLSearchParams({ oid: near.id, potp: near.proximityOtp });
  const reference = new URLSearchParams({ ref: shown.reference });
  const page = `${publicUrl}/authenticator/`;
  // Cameras of apps look for the one in the query and the other in the fragment; a page that is open takes a fragment.
  return { status: "waiting", qr: `${page}?${once}#${reference}`, link: `${page}#${once}&${reference}` };
}
