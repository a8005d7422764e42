/** The main job, told while it happens: a bank asks, a device shows and signs, the bank gets decision and receipt. */
import { join } from "node:path";
import { operationsClient, type Operation } from "@countersign/relying-party/operations";
import { type Jwks, ReceiptError, verifyReceipt } from "@countersign/relying-party/receipt";
import { verifyAuditOf } from "../commands/audit.ts";
import { receiptFacts } from "../commands/receipt.ts";
import type { Connection } from "../connection.ts";
import { formText } from "../form.ts";
import { demoPin, gather, names, type Parties } from "./parties.ts";
import { recorder, requestText, signatureMembers, signedBase } from "./recorder.ts";
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
  readonly receiptVerified: boolean;
  /** What the bank has pinned. */
  readonly keys: Jwks;
}

/** Where the demo plays. */
export interface Place {
  readonly directory: string;
  /** Address of PostgreSQL; the embedded store in the directory when absent. */
  readonly store: string | undefined;
  readonly connection: Connection;
  readonly publicUrl: string;
}

export async function payAndProve(story: Story, place: Place): Promise<Played> {
  const { connection, publicUrl, directory } = place;
  const net = recorder();
  const bank = operationsClient({ ...connection, fetch: net.fetch });
  const device = recorder();
  story.begin("Countersign: a payment, approved on a device and proved");
  story.chapter("A server, a bank, a device");
  const parties = await gather(connection, publicUrl, join(directory, "device"), device);
  introduce(story, place, parties);

  story.chapter("The bank asks for an approval");
  const operation = await bank.createOperation({
    template: names.template,
    userId: names.user,
    applications: [names.application],
    externalId: "invoice-4711",
    parameters: payment,
  });
  const request = net.last("/v1/operations");
  story.show(requestText(request, ["Idempotency-Key"]));
  story.say(`The answer: ${request.status}, operation ${operation.id} is ${operation.status}.`);

  // The bank waits from here on: the decision comes to it as soon as it is made.
  const decisionTold = bank.waitForDecision(operation.id, { timeoutMs: 60_000 });
  decisionTold.catch(() => undefined);

  story.chapter("The device shows what is asked");
  const { operations } = parties.device.mobileToken;
  const [shown] = (await operations.getOperations()).filter(({ id }) => id === operation.id);
  if (shown === undefined) throw new Error("The operation does not wait on the device");
  story.screen(`${formText(shown)}\n\n  [ Reject ]  [ Approve ]`);

  story.chapter("The person types the PIN, and the device signs");
  const { PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
  await operations.authorize(shown, PowerAuthAuthentication.password(demoPin));
  const signedAt = performance.now();
  const signed = device.last("/operation/authorize");
  const { signature_type: factors } = signatureMembers(signed.headers);
  story.pairs([
    ["PIN", `${demoPin} (it stays on the device)`],
    ["Signed data", shown.data],
    ["In full", `${shortened(signedBase(signed, "/operation/authorize"), 120)}&(the app's secret)`],
    ["Proves", factors === "possession_knowledge" ? "this device, and somebody who knows its PIN" : factors],
  ]);
  story.say("");
  story.show(requestText(signed, ["X-PowerAuth-Authorization"]));
  story.say(`The answer: ${signed.status} ${signed.answer}`);

  story.chapter("The bank is told the decision");
  const decided = await decisionTold;
  const [decision] = decided.decisions ?? [];
  story.pairs([
    ["Status", decided.status],
    ["By", decision?.userId],
    ["Evidence", decision && [decision.evidence.kind, ...decision.evidence.factors].join(" · ")],
    ["Told", `${Math.max(0, Math.round(performance.now() - signedAt))} ms after the device was answered`],
  ]);

  story.chapter("The receipt proves it, to anybody, without the server");
  const receipt = await bank.getReceipt(operation.id);
  const claims = await verifyReceipt(receipt, parties.keys, {
    operationId: operation.id,
    expectedData: operation.data,
    status: "APPROVED",
  });
  story.pairs([
    ["Receipt", shortened(receipt, 72)],
    ...receiptFacts(claims).map(([label, value]) => [capital(label), value] as const),
  ]);
  story.outcome(true, "Authentic: signed by the key that the bank pinned before, for this operation and this data.");
  const refused = await refusesForgery(receipt, parties);
  story.outcome(refused, "With one digit of the amount changed, the same check refuses it.");
  return { operationId: operation.id, decision: decided.status, receiptVerified: refused, keys: parties.keys };
}

function introduce(story: Story, { publicUrl, connection, store, directory }: Place, parties: Parties): void {
  const { application, template, activationId, activationCode, fingerprint, keys } = parties;
  story.pairs([
    ["Server", `${publicUrl} for devices, ${connection.privateUrl} for the bank`],
    ["Data", store === undefined ? directory : `PostgreSQL, and ${directory}`],
    ["Application", application.applicationId],
    ["Template", `${template.templateName}: ${template.dataTemplate}`],
    ["Device", `${names.device}, activation ${activationId}`],
    ["Activated", activationCode === undefined ? "in an earlier run" : `with the code ${activationCode}`],
    ["Fingerprint", `${fingerprint}, the same on both sides`],
    ["Pinned keys", keys.keys.map(({ kid }) => kid).join(" ")],
  ]);
}

/** The record of all that happened, checked where it lies, against the keys pinned at the beginning. */
export async function proveAudit(
  story: Story,
  { directory, store }: Place,
  keys: Jwks,
  isServing: boolean,
): Promise<boolean> {
  story.chapter("The audit holds together");
  const { ok, events, lanes, checkpoints, uncovered, problems } = await verifyAuditOf(directory, store, {
    tenant: "default",
    keys,
  });
  story.say(
    isServing
      ? "Read where it lies, while the server works:"
      : "The server has stopped. Its record is read where it lies:",
  );
  story.pairs([
    ["Events", `${events}, each tied to the one before it`],
    ["Lanes", `${lanes}, one for each writer and start`],
    ["Checkpoints", `${checkpoints}, signed${uncovered > 0 ? `; ${uncovered} events wait for the next one` : ""}`],
    ["Problems", problems.length === 0 ? "none" : problems.map(({ code }) => code).join(", ")],
  ]);
  story.outcome(ok, "Nothing was changed, nothing is missing.");
  return ok;
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
