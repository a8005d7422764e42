/** A payment from the order to the verified approval. Money moves only for an approval that was verified here. */
import { randomInt, randomUUID } from "node:crypto";
import { OpenIdError } from "@countersign/relying-party/ciba";
import { RelyingPartyError } from "@countersign/relying-party/errors";
import type { Operation } from "@countersign/relying-party/operations";
import { proximityCode } from "@countersign/relying-party/proximity";
import { ReceiptError, verifyReceipt } from "@countersign/relying-party/receipt";
import { names } from "../parties.ts";
import { countContainers, devicesOf } from "./connect.ts";
import type { Customer } from "./customers.ts";
import { euros, type Order, type Way } from "./order.ts";
import { refuse } from "./refusal.ts";
import { paymentType, templates, type Ties } from "./set-up.ts";

export interface Payment {
  readonly id: string;
  readonly way: Way;
  readonly title: string;
  /** Cents. */
  readonly cents: number;
  readonly iban: string;
  readonly note: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  status: "waiting" | "approved" | "rejected" | "expired" | "failed";
  /** The same words here and on the phone, for payments by CIBA. */
  readonly words?: string;
  /** Known from the start, or with the approval. */
  operationId?: string | undefined;
  factors?: readonly string[];
  /** What a camera is to see. */
  readonly offlineQr?: string;
  /** Gives up the request. */
  readonly cancel: () => Promise<unknown>;
}

/** Asks the customer's phone. Ends with the payment waiting; the decision comes later. */
export async function pay(ties: Ties, customer: Customer, order: Order): Promise<Payment> {
  const waiting = customer.payments.filter(({ status }) => status === "waiting");
  if (order.cents > waiting.reduce((left, { cents }) => left - cents, customer.balance)) throw refuse(409, "balance");
  const devices = await devicesOf(ties, customer);
  const [device] = devices;
  const hasOther = device === undefined && (await countContainers(ties, customer)) > 0;
  if (device === undefined && (order.way !== "phone" || !hasOther)) {
    throw refuse(409, hasOther ? "not-this-way" : "no-device");
  }
  const payment = await (order.way === "phone" || device === undefined
    ? byCiba(ties, customer, order)
    : byOperation(ties, customer, order, device));
  customer.payments = [payment, ...customer.payments].slice(0, 50);
  return payment;
}

/** CIBA with the payment's details (RFC 9396): the ID token says that these very details were approved. */
async function byCiba({ ciba, closing }: Ties, customer: Customer, order: Order): Promise<Payment> {
  const { cents, iban, note } = order;
  const words = `${pick(colours)} ${pick(animals)}`;
  const started = await ciba.start({
    user: customer.userId,
    bindingMessage: words,
    details: [
      {
        type: paymentType,
        instructedAmount: { amount: euros(cents), currency: "EUR" },
        creditorAccount: iban,
        remittance: note,
      },
    ],
  });
  const stop = new AbortController();
  const cancel = async () => {
    await ciba.cancel(started);
    stop.abort();
    settle(customer, payment, "failed");
  };
  const payment: Payment = { ...fresh(order), expiresAt: started.expiresAt, words, cancel };
  const watch = async () => {
    const { operationId, factors } = await ciba.wait(started, { signal: AbortSignal.any([stop.signal, closing]) });
    Object.assign(payment, { operationId, factors });
    settle(customer, payment, "approved");
  };
  watch().catch((error: unknown) => settle(customer, payment, outcomeOf(error)));
  return payment;
}

function outcomeOf(error: unknown): Payment["status"] {
  if (!(error instanceof OpenIdError)) return "failed";
  if (error.code === "denied") return "rejected";
  return error.code === "expired" ? "expired" : "failed";
}

/** Through the back-end SDK, where this screen has a part in the approval. */
async function byOperation(
  { operations, keys, closing }: Ties,
  customer: Customer,
  order: Order,
  activationId: string,
): Promise<Payment> {
  const { cents, iban, note, way } = order;
  const operation = await operations.createOperation({
    template: templates.payment,
    userId: customer.userId,
    applications: [names.application],
    parameters: { amount: euros(cents), currency: "EUR", iban, note },
    ...(way === "near" ? { proximityCheck: true } : { activationId }),
  });
  const { id } = operation;
  const stop = new AbortController();
  const cancel = async () => {
    await operations.cancelOperation(id);
    stop.abort();
    settle(customer, payment, "failed");
  };
  const payment: Payment = {
    ...fresh(order),
    expiresAt: Date.parse(operation.expiresAt),
    operationId: id,
    ...(way === "offline" && { offlineQr: await operations.offlineQr(id, { activationId }) }),
    cancel,
  };
  const watch = async () => {
    const { status } = await operations.waitForDecision(id, {
      timeoutMs: 600_000,
      signal: AbortSignal.any([stop.signal, closing]),
    });
    if (status !== "APPROVED") return settle(customer, payment, statusOf(status));
    const receipt = await operations.getReceipt(id);
    const { decisions } = await verifyReceipt(receipt, keys, { operationId: id, expectedData: operation.data, status });
    payment.factors = decisions[0]?.evidence.factors ?? [];
    settle(customer, payment, "approved");
  };
  watch().catch(() => settle(customer, payment, "failed"));
  return payment;
}

function statusOf(status: Operation["status"]): Payment["status"] {
  if (status === "REJECTED") return "rejected";
  return status === "EXPIRED" ? "expired" : "failed";
}

/** Once. */
function settle(customer: Customer, payment: Payment, status: Payment["status"]): void {
  if (payment.status !== "waiting") return;
  payment.status = status;
  if (status === "approved") customer.balance -= payment.cents;
}

const colours = ["amber", "blue", "coral", "green", "ivory", "lilac", "silver", "violet"];
const animals = ["badger", "falcon", "heron", "lynx", "otter", "raven", "swift", "tapir"];

function pick(list: readonly string[]): string {
  return list[randomInt(list.length)] ?? "";
}

function fresh({ way, title, cents, iban, note }: Order) {
  return { id: randomUUID(), way, title, cents, iban, note, createdAt: Date.now(), status: "waiting" as const };
}

/** What this screen shows beside the payment while it waits near a phone: good for half a minute, so asked for again. */
export async function codesOf({ operations, publicUrl }: Ties, payment: Payment) {
  const { way, status, operationId, offlineQr } = payment;
  if (status !== "waiting" || operationId === undefined) return {};
  if (way === "offline") return { qr: offlineQr };
  if (way !== "near") return {};
  const { id, proximityOtp } = await operations.getOperation(operationId);
  if (proximityOtp === undefined) return {};
  return { qr: proximityCode({ id, proximityOtp }), link: authenticatorLink(publicUrl, id, proximityOtp) };
}

export function authenticatorLink(publicUrl: string, id: string, proximityOtp: string): string {
  return `${publicUrl}/authenticator/#${new URLSearchParams({ oid: id, potp: proximityOtp })}`;
}

/** The digits that the phone showed. */
export async function redeem(ties: Ties, payment: Payment, code: string): Promise<void> {
  if (payment.way !== "offline" || payment.operationId === undefined) throw refuse(409, "not-offline");
  try {
    await ties.operations.redeemOfflineCode(payment.operationId, { code });
  } catch (error) {
    if (error instanceof RelyingPartyError && error.status !== undefined) throw refuse(409, error.code);
    throw error;
  }
}

export function receiptOf({ operations }: Ties, { status, operationId }: Payment): Promise<string> {
  if (status !== "approved" || operationId === undefined) throw refuse(409, "no-receipt");
  return operations.getReceipt(operationId);
}

/** The receipt checked by keys that were pinned at the start, and once more with a digit of it changed. */
export async function prove(ties: Ties, payment: Payment) {
  const receipt = await receiptOf(ties, payment);
  const expected = { operationId: payment.operationId ?? "", status: "APPROVED" } as const;
  const { iss: issuer, operation, decisions } = await verifyReceipt(receipt, ties.keys, expected);
  const [header, payload = "", signature] = receipt.split(".");
  const text = Buffer.from(payload, "base64url").toString();
  const changed = text.replace(/\d(?=\.\d\dEUR)/, (digit) => String((Number(digit) + 1) % 10));
  const forged = `${header}.${Buffer.from(changed).toString("base64url")}.${signature}`;
  const [decision] = decisions;
  return {
    issuer,
    data: operation.data,
    evidence: decision?.evidence.kind,
    factors: decision?.evidence.factors ?? [],
    isForgeryRefused: await verifyReceipt(forged, ties.keys).then(
      () => false,
      (error: unknown) => error instanceof ReceiptError && changed !== text,
    ),
  };
}
