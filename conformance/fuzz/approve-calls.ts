/**
 * What Approve devices call: the right request of a real device, with places to spoil it. A message is spoiled before it
 * is signed, so that it gets past the signature to whatever reads it.
 */
import { keyUses } from "@countersign/protocol/approve/keys";
import { makeKeyProof } from "@countersign/protocol/approve/key-proof";
import {
  type ApproveDevice,
  acknowledgement,
  enrolDevice,
  enrolmentOf,
  renewalOf,
  renewedDevice,
  type SoftKey,
  softKey,
} from "../../tools/approve-device.ts";
import { type Edit, edited, type Json } from "./requests.ts";

/** What a message is before and after its edits; the first is what a device would have sent. */
export interface Spoiling {
  readonly header: readonly Edit[];
  readonly claims: readonly Edit[];
  readonly text: ((text: string) => string) | undefined;
  /** Of the same container, or a stranger's. */
  readonly key: "right" | "other" | "stranger";
}

export interface Spoiled {
  readonly text: string;
  /** Whether a server may accept it. */
  readonly isRight: boolean;
}

export interface Phone {
  readonly device: ApproveDevice;
  readonly operationId: string;
  readonly reference: string;
  /** Offer that nobody has used. */
  readonly offer: string;
  readonly invite: { readonly userId: string; readonly inviteCode: string };
  readonly madeAt: number;
}

export interface ApproveCall {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** The body, and the member whose text is a signed message; a message that is a body of its own has no member. */
  readonly body?: Json;
  readonly member?: string;
  readonly message?: Spoiled;
  /** Whether it asks for a proof of possession, and by whose key. */
  readonly prover?: ApproveDevice;
  /** The phone is another one afterwards. */
  readonly consumes?: true;
}

const stranger: readonly SoftKey[] = keyUses.map(softKey);

/** The same message with edits in header and claims, signed by a key that has the right use or not. */
export async function respoiled(
  text: string,
  keys: readonly SoftKey[],
  use: SoftKey["use"],
  { header, claims, text: change, key }: Spoiling,
  free: readonly string[] = [],
): Promise<Spoiled> {
  const [head, body] = text.split(".").map((part) => Buffer.from(part, "base64url").toString()) as [string, string];
  const newHead = JSON.stringify(edited(JSON.parse(head) as Json, header)) ?? "";
  const newBody = JSON.stringify(edited(JSON.parse(body) as Json, claims)) ?? "";
  const signer = signerOf(keys, use, key);
  const input = `${encoded(newHead)}.${encoded(newBody)}`;
  const signed = `${input}.${Buffer.from(await signer.sign(Buffer.from(input))).toString("base64url")}`;
  const sent = change === undefined ? signed : change(signed);
  const same = without(newHead, []) === without(head, []) && without(newBody, free) === without(body, free);
  return { text: sent, isRight: sent === signed && same && key === "right" };
}

function signerOf(keys: readonly SoftKey[], use: SoftKey["use"], key: Spoiling["key"]): SoftKey {
  if (key === "stranger") return stranger.find((one) => one.use === use)!;
  return keys.find((one) => (one.use === use) === (key === "right"))!;
}

const encoded = (text: string) => Buffer.from(text).toString("base64url");

/** Without members that a device may say as it likes. */
function without(json: string, free: readonly string[]): string {
  const value: unknown = JSON.parse(json === "" ? "null" : json);
  if (typeof value !== "object" || value === null) return json;
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => !free.includes(name))));
}

const answerFree = ["jti", "amr", "ctx", "threats", "iat", "exp", "num", "seq", "uv"];
const path = "/approve/v1";

type Make = (phone: Phone, spoiling: Spoiling) => Promise<ApproveCall>;

/** Answers the phone's transaction: approves it. */
export const answerCall: Make = async ({ device, operationId }, spoiling) => {
  const right = await device.answer(await device.fetch(operationId), "approve");
  const message = await respoiled(right, device.keys, "tx", spoiling, answerFree);
  const body = { response: message.text };
  const place = `${path}/transactions/${operationId}/response`;
  return { method: "POST", path: place, body, member: "response", message, prover: device, consumes: true };
};

/** A call whose message, if any, is spoiled. */
export const approveCalls: readonly Make[] = [
  async ({ device }) => ({ method: "GET", path: `${path}/transactions`, prover: device }),
  async ({ device }) => ({ method: "GET", path: `${path}/container`, prover: device }),
  async () => ({ method: "GET", path: `${path}/metadata` }),
  async ({ device }) => ({ method: "POST", path: `${path}/history`, body: {}, prover: device }),
  async ({ device, operationId, reference }) => ({
    method: "POST",
    path: `${path}/transactions/${operationId}`,
    body: { ref: reference },
    prover: device,
  }),
  answerCall,
  async ({ device, operationId }, spoiling) => {
    const right = await device.cancelText(operationId, "NOTIFY_SUSPICIOUS", "Not me");
    const message = await respoiled(right, device.keys, "pop", spoiling, ["jti", "message", "iat"]);
    const place = `${path}/transactions/${operationId}/cancel`;
    const body = { cancel: message.text };
    return { method: "POST", path: place, body, member: "cancel", message, prover: device, consumes: true };
  },
  async ({ device }, spoiling) => {
    const message = await respoiled(
      await device.directText("fuzz", "approve"),
      device.keys,
      "auth",
      spoiling,
      answerFree,
    );
    const body = { request: message.text };
    return { method: "POST", path: `${path}/direct`, body, member: "request", message, prover: device, consumes: true };
  },
  async ({ device }) => ({
    method: "PATCH",
    path: `${path}/container`,
    body: {
      name: "Phone",
      device: { platform: "node", osVersion: "24", hardwareKeys: false, model: "X", rooted: false, sdkVersion: "1" },
      push: { platform: "apns", environment: "production", token: "0f1e2d3c".repeat(8) },
    },
    prover: device,
  }),
  async ({ device }) => ({
    method: "DELETE",
    path: `${path}/container`,
    body: { reason: "sold" },
    prover: device,
    consumes: true,
  }),
  async ({ device }, spoiling) => {
    const { body } = await renewalOf(device);
    const { payload } = body as { payload: string };
    const keys = device.keys;
    const message = await keysSpoiled("apv-renew+jws", payload, keyUses.map(softKey), spoiling, {
      kid: device.kid("pop"),
      key: signerOf(keys, "pop", spoiling.key),
    });
    return { method: "POST", path: `${path}/container/renewal`, message, prover: device };
  },
  async ({ device }, spoiling) => {
    const { keys, body } = await renewalOf(device);
    const begun = await device.call("POST", `${path}/container/renewal`, body);
    if (begun.status !== 200) throw new Error(`renewal: ${begun.status} ${JSON.stringify(begun.body)}`);
    const renewed = await renewedDevice(device, keys, begun.body.record as string);
    const message = await respoiled(await acknowledgement(renewed), keys, "pop", spoiling, ["iat"]);
    const body2 = { ack: message.text };
    const place = `${path}/container/renewal/ack`;
    await renewed.pending();
    return { method: "POST", path: place, body: body2, member: "ack", message, prover: renewed, consumes: true };
  },
  async ({ device, offer }, spoiling) => {
    const { keys, payload } = await enrolmentOf({ url: device.url, offer });
    const message = await keysSpoiled("apv-enrol+jws", encoded(JSON.stringify(payload)), keys, spoiling);
    return { method: "POST", path: `${path}/enrol`, message, consumes: true };
  },
  async ({ invite }) => ({ method: "POST", path: `${path}/offers`, body: { ...invite }, consumes: true }),
];

const freeOfKeys = ["nonce", "iat", "device", "push", "ver", "algs"];

/** The payload edited and signed by every key that belongs there, then the whole spoiled as text. */
async function keysSpoiled(
  typ: "apv-enrol+jws" | "apv-renew+jws",
  payload: string,
  keys: readonly SoftKey[],
  { claims, header, text, key }: Spoiling,
  voucher?: { readonly kid: string; readonly key: SoftKey },
): Promise<Spoiled> {
  const old = Buffer.from(payload, "base64url").toString();
  const own = { ...(JSON.parse(old) as object), keys: keys.map(({ use, jwk }) => ({ use, jwk })) };
  const changed = edited(own as unknown as Json, claims);
  const vouching = voucher && { kid: voucher.kid, sign: (data: Uint8Array) => voucher.key.sign(data) };
  // A key that does not belong there signs for the first one.
  const signing =
    key === "right" ? keys : keys.map((one, at) => (at === 0 ? { ...one, sign: stranger[0]!.sign } : one));
  const made = Buffer.from(await makeKeyProof(typ, changed as object, signing, vouching)).toString();
  const whole = JSON.stringify(edited(JSON.parse(made) as Json, header)) ?? "";
  const sent = text === undefined ? whole : text(whole);
  const same = without(JSON.stringify(changed) ?? "", freeOfKeys) === without(JSON.stringify(own), freeOfKeys);
  return { text: sent, isRight: sent === made && same && key === "right" };
}

/** A new user with a device, a transaction for it and an offer for another one. */
export async function newPhone(
  url: string,
  ask: (path: string, body: Json, method?: string) => Promise<Json>,
  number: number,
): Promise<Phone> {
  // Of its own: the fuzz of the private routes removes what it finds.
  if (number === 0) {
    await ask("/v1/device-types/fuzzed", { applicationId: "mobile-bank" }, "PUT");
    const content = { operationType: "payment", dataTemplate: "A1*A${amount}${currency}*N${note}" };
    const limits = { maxFailureCount: 1_000_000, expirationSeconds: 86_400 };
    await ask("/v1/templates", { name: "fuzzed", signatureTypes: ["POSSESSION_KNOWLEDGE"], ...content, ...limits });
  }
  const userId = `phone ${number}`;
  const offered = async () =>
    (await ask("/v1/offers", { userId, deviceType: "fuzzed", invite: true })) as Record<string, string>;
  const device = await enrolDevice({ url, offer: (await offered()).offer! });
  const next = await offered();
  const { id } = (await ask("/v1/operations", {
    template: "fuzzed",
    userId,
    applications: ["mobile-bank"],
    parameters: { amount: "1250.00", currency: "EUR", note: "Rent" },
  })) as { id: string };
  const [reference = ""] = await device.pending();
  const invite = { userId, inviteCode: next.inviteCode! };
  return { device, operationId: id, reference, offer: next.offer!, invite, madeAt: Date.now() };
}
