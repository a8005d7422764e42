/** Logging in without a name: the operation is for nobody until the phone that scans the code claims it. */
import { proximityCode } from "@countersign/relying-party/proximity";
import { verifyReceipt } from "@countersign/relying-party/receipt";
import { names } from "../parties.ts";
import type { Customers, Session } from "./customers.ts";
import { authenticatorLink } from "./payments.ts";
import { bankName, templates, type Ties } from "./set-up.ts";

export interface LogIn {
  readonly operationId: string;
  readonly data: string;
}

export interface LogInState {
  readonly status: "waiting" | "claimed" | "approved" | "over";
  readonly qr?: string;
  readonly link?: string;
}

export async function beginLogIn({ operations }: Ties, session: Session): Promise<void> {
  const { id, data } = await operations.createOperation({
    template: templates.logIn,
    applications: [names.application],
    parameters: { reason: `${bankName} on the web` },
    proximityCheck: true,
  });
  session.logIn = { operationId: id, data };
}

/** Whoever approved is logged in here: the receipt says who, and is verified first. */
export async function logInState(ties: Ties, session: Session, customers: Customers): Promise<LogInState> {
  const { logIn } = session;
  if (logIn === undefined) return { status: "over" };
  const operation = await ties.operations.getOperation(logIn.operationId);
  const { id, status, userId, proximityOtp } = operation;
  if (status === "PENDING") {
    if (proximityOtp === undefined) return { status: "waiting" };
    const codes = {
      qr: proximityCode({ id, proximityOtp }),
      link: authenticatorLink(ties.publicUrl, id, proximityOtp),
    };
    return { status: userId === undefined ? "waiting" : "claimed", ...codes };
  }
  session.logIn = undefined;
  if (status !== "APPROVED") return { status: "over" };
  const expected = { operationId: id, expectedData: logIn.data, status };
  const [decision] = (await verifyReceipt(await ties.operations.getReceipt(id), ties.keys, expected)).decisions;
  if (decision?.userId === undefined) return { status: "over" };
  session.customer = customers.find(decision.userId);
  return { status: "approved" };
}
