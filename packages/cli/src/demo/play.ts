/** The main job, told while it happens: a bank asks, a device shows and signs, the bank gets decision and receipt. */
import { operationsClient, type Operation } from "@countersign/relying-party/operations";
import { ReceiptError, type ReceiptClaims, verifyReceipt } from "@countersign/relying-party/receipt";
import { receiptFacts } from "../commands/receipt.ts";
import type { Connection } from "../connection.ts";
import { formText } from "../form.ts";
import { demoPin, names, type Parties } from "./parties.ts";
import { recorder, type Recorder, requestText, signatureMembers, signedBase } from "./recorder.ts";
import { shortened, type Story } from "./story.ts";

export const payment = {
  amount: "1250.00",
  currency: "EUR",
  iban: "CZ2730300000001165254011",
  dueDate: "20261201",
  note: "Rent, December",
} as const;

export interface Played {
  readonly operationId: string;
  readonly decision: Operation["status"];
  readonly receipt: string;
  readonly claims: ReceiptClaims;
  readonly receiptVerified: boolean;
}

export async function play(story: Story, connection: Connection, parties: Parties, device: Recorder): Promise<Played> {
  const net = recorder();
  const bank = operationsClient({ ...connection, fetch: net.fetch });

  story.chapter("The bank asks for an approval");
  const operation = await bank.createOperation({
    template: names.template,
    userId: names.user,
    applications: [names.application],
    externalId: "invoice-4711",
    parameters: payment,
  });
  const request = net.last("/v1/operations");
  story.show(requestText(request, ["idempotency-key"]));
  story.say(`The answer: ${request.status}, operation ${operation.id} is ${operation.status}.`);

  // The bank waits from here on: the decision comes to it as soon as it is made.
  const decisionTold = bank.waitForDecision(operation.id, { timeoutMs: 60_000 });
  decisionTold.catch(() => undefined);

  story.chapter("The device shows what is asked");
  const { operations } = parties.device.mobileToken;
  const [shown] = (await operations.getOperations()).filter(({ id }) => id === operation.id);
  if (shown === undefined) throw new Error("The operation does not wait on the device");
  story.show(formText(shown));

  story.chapter("The person types the PIN, and the device signs");
  const { PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
  await operations.authorize(shown, PowerAuthAuthentication.password(demoPin));
  const signedAt = performance.now();
  const signed = device.last("/operation/authorize");
  const { signature = "", signature_type: factors, version } = signatureMembers(signed.headers);
  story.pairs([
    ["PIN", `${demoPin} (it stays on the device)`],
    ["Data", operation.data],
    ["Request", `POST ${new URL(signed.url).pathname}`],
    ["Body", signed.body],
    ["Signed", `${shortened(signedBase(signed, "/operation/authorize"), 150)}&(the app's secret)`],
    ["Factors", factors?.replace("_", " and ")],
    ["Signature", `${shortened(signature, 28)} (PowerAuth ${version})`],
  ]);
  story.say(`The answer: ${signed.status} ${signed.answer}`);

  story.chapter("The bank is told the decision");
  const decided = await decisionTold;
  const [decision] = decided.decisions ?? [];
  story.pairs([
    ["Status", decided.status],
    ["By", decision?.userId],
    ["Evidence", decision && [decision.evidence.kind, ...decision.evidence.factors].join(" · ")],
    ["After", `${Math.max(0, Math.round(performance.now() - signedAt))} ms`],
  ]);

  story.chapter("The receipt proves it, to anybody, without the server");
  const receipt = await bank.getReceipt(operation.id);
  const claims = await verifyReceipt(receipt, parties.keys, {
    operationId: operation.id,
    expectedData: operation.data,
    status: "APPROVED",
  });
  story.pairs([
    ["Receipt", shortened(receipt, 90)],
    ...receiptFacts(claims).map(([label, value]) => [capital(label), value] as const),
  ]);
  story.outcome(true, "Authentic: signed by the key that the bank pinned before, for this operation and this data.");
  const refused = await refusesForgery(receipt, parties);
  story.outcome(refused, "With one digit of the amount changed, the same check refuses it.");
  return { operationId: operation.id, decision: decided.status, receipt, claims, receiptVerified: refused };
}

/** A check that accepts everything would look the same in the story; so it is shown to refuse. */
async function refusesForgery(receipt: string, { keys }: Parties): Promise<boolean> {
  const [header, payload = "", signature] = receipt.split(".");
  const forged = Buffer.from(payload, "base64url").toString().replace(payment.amount, payment.amount.replace("1", "9"));
  try {
    await verifyReceipt(`${header}.${Buffer.from(forged).toString("base64url")}.${signature}`, keys);
    return false;
  } catch (error) {
    if (error instanceof ReceiptError && error.code === "wrong-signature") return true;
    throw error;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
