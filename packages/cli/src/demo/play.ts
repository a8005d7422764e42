/** The main job, told while it happens: a bank asks, a device shows and signs, the bank gets decision and receipt. */
import { join } from "node:path";
import type { UserOperation } from "@countersign/client/mobile-token";
import { type Operation, type OperationsClient, operationsClient } from "@countersign/relying-party/operations";
import { type Jwks, ReceiptError, verifyReceipt } from "@countersign/relying-party/receipt";
import { verifyAuditOf } from "../commands/audit.ts";
import { receiptFacts } from "../commands/receipt.ts";
import type { Connection } from "../connection.ts";
import { formText } from "../form.ts";
import type { Fact } from "../terminal.ts";
import { demoPin, gather, names, type Parties } from "./parties.ts";
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
  /** Aborted when the person wants no more of it. */
  readonly signal: AbortSignal;
}

export async function payAndProve(story: Story, place: Place): Promise<Played> {
  const { connection, publicUrl, directory, signal } = place;
  const [bankNet, deviceNet] = [recorder(), recorder()];
  const bank = operationsClient({ ...connection, fetch: bankNet.fetch });
  story.begin("Countersign: a payment, approved on a device and proved");
  story.chapter("A server, a bank, a device");
  const parties = await gather(connection, publicUrl, join(directory, "device"), deviceNet);
  introduce(story, place, parties);

  story.chapter("The bank asks for an approval");
  const operation = await ask(story, bank, bankNet);
  // The bank waits from here on: the decision comes to it as soon as it is made.
  const toldDecision = bank.waitForDecision(operation.id, { timeoutMs: 60_000, signal });
  toldDecision.catch(() => undefined);

  story.chapter("The device shows what is asked");
  const shown = await showOnDevice(story, parties, operation.id);
  story.chapter("The person types the PIN, and the device signs");
  const answeredAt = await signOnDevice(story, parties, shown, deviceNet);

  story.chapter("The bank is told the decision");
  const { status, decisions: [decision] = [] } = await toldDecision;
  story.pairs([
    ["Status", status],
    ["By", decision?.userId],
    ["Evidence", decision && [decision.evidence.kind, ...decision.evidence.factors].join(" · ")],
    ["Told", `${Math.max(0, Math.round(performance.now() - answeredAt))} ms after the device was answered`],
  ]);

  story.chapter("The receipt proves it, to anybody, without the server");
  const receiptVerified = await prove(story, await bank.getReceipt(operation.id), operation, parties.keys);
  return { operationId: operation.id, decision: status, receiptVerified, keys: parties.keys };
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
    ["Checkpoints", checkpoints === 0 ? "none yet" : `${checkpoints}, signed by the server`],
    ["Not yet signed", uncovered === 0 ? undefined : `${uncovered} events, until the next checkpoint`],
    ["Problems", problems.length === 0 ? "none" : problems.map(({ code }) => code).join(", ")],
  ]);
  story.outcome(ok, "Nothing was changed, nothing is missing.");
  return ok;
}

async function ask(story: Story, bank: OperationsClient, net: Recorder): Promise<Operation> {
  const operation = await bank.createOperation({
    template: names.template,
    userId: names.user,
    applications: [names.application],
    externalId: "invoice-4711",
    parameters: payment,
  });
  const sent = net.last("/v1/operations");
  story.show(requestText(sent, ["Idempotency-Key"]));
  story.say(`The answer: ${sent.status}, operation ${operation.id} is ${operation.status}.`);
  return operation;
}

async function showOnDevice(story: Story, { device }: Parties, operationId: string): Promise<UserOperation> {
  const waiting = await device.mobileToken.operations.getOperations();
  const shown = waiting.find(({ id }) => id === operationId);
  if (shown === undefined) throw new Error("The operation does not wait on the device");
  story.screen(`${formText(shown)}\n\n  [ Reject ]  [ Approve ]`);
  return shown;
}

/** Resolves with the time at which the device was answered. */
async function signOnDevice(story: Story, { device }: Parties, shown: UserOperation, net: Recorder): Promise<number> {
  const { PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
  await device.mobileToken.operations.authorize(shown, PowerAuthAuthentication.password(demoPin));
  const answeredAt = performance.now();
  const sent = net.last("/operation/authorize");
  const { signature_type: factors } = signatureMembers(sent.headers);
  story.pairs([
    ["PIN", `${demoPin} (it stays on the device)`],
    ["Signed data", shown.data],
    ["In full", `${shortened(signedBase(sent, "/operation/authorize"), 120)}&(the app's secret)`],
    ["Proves", factors === "possession_knowledge" ? "this device, and somebody who knows its PIN" : factors],
  ]);
  story.say("");
  story.show(requestText(sent, ["X-PowerAuth-Authorization"]));
  story.say(`The answer: ${sent.status} ${sent.answer}`);
  return answeredAt;
}

async function prove(story: Story, receipt: string, { id, data }: Operation, keys: Jwks): Promise<boolean> {
  const claims = await verifyReceipt(receipt, keys, { operationId: id, expectedData: data, status: "APPROVED" });
  const rows = receiptFacts(claims).map(([label, value]): Fact => [capital(label), value]);
  story.pairs([["Receipt", shortened(receipt, 72)], ...rows]);
  story.outcome(true, "Authentic: signed by the key that the bank pinned before, for this operation and this data.");
  const isForgeryRefused = await refusesForgery(receipt, keys);
  story.outcome(isForgeryRefused, "With one digit of the amount changed, the same check refuses it.");
  return isForgeryRefused;
}

/** A check that accepts everything would look the same in the story; so it is shown to refuse. */
async function refusesForgery(receipt: string, keys: Jwks): Promise<boolean> {
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
