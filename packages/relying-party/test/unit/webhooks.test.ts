/** `verifyWebhook` against forgers: each test changes one thing about a true request and names the code it gets. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { verifyCallback, verifyWebhook, WebhookError, type WebhookErrorCode } from "../../src/webhooks.ts";

const now = 1_790_000_000_000;
const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const other = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
const event = {
  id: "01a21e44-f84f-7975-ac7f-65bf391d2430",
  type: "operation.approved",
  ver: 1,
  tenant: "default",
  subject: "5b1d7c0e-0d5f-4f6a-9a52-b3b1f2d1a001",
  seq: 7,
  at: now - 20,
  data: { status: "APPROVED", note: "ž" },
};

function signed(body: string, more: { key?: string; at?: number; id?: string } = {}) {
  const { key = secret, at = now, id = event.id } = more;
  const timestamp = String(Math.floor(at / 1000));
  const mac = createHmac("sha256", Buffer.from(key.slice(6), "base64")).update(`${id}.${timestamp}.${body}`);
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${mac.digest("base64")}`,
  };
}

const text = JSON.stringify(event);

async function refused(code: WebhookErrorCode, ...call: Parameters<typeof verifyWebhook>): Promise<void> {
  await assert.rejects(verifyWebhook(...call), (error) => error instanceof WebhookError && error.code === code);
}

describe("verifyWebhook", () => {
  test("gives the event, from text or bytes, with the headers of Node or of fetch", async () => {
    const headers = signed(text);
    assert.deepEqual(await verifyWebhook(headers, text, [secret], now), event);
    assert.deepEqual(await verifyWebhook(new Headers(headers), new TextEncoder().encode(text), [secret], now), event);
    const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    assert.deepEqual(await verifyWebhook(shouted, text, [secret], now), event);
  });

  test("takes any of the secrets and any of the signatures, also beside versions it does not know", async () => {
    const headers = signed(text);
    assert.deepEqual(await verifyWebhook(headers, text, [other, secret], now), event);
    const both = `v1,${"A".repeat(43)}= v2,x v1a,${"A".repeat(86)} ${headers["webhook-signature"]}`;
    assert.deepEqual(await verifyWebhook({ ...headers, "webhook-signature": both }, text, [secret], now), event);
  });

  test("refuses a changed body, id or time, another secret, and a signature that is none", async () => {
    const headers = signed(text);
    await refused("wrong-signature", headers, text.replace("APPROVED", "REJECTED"), [secret], now);
    await refused("wrong-signature", headers, `${text} `, [secret], now);
    await refused("wrong-signature", { ...headers, "webhook-id": "another" }, text, [secret], now);
    const later = String(Number(headers["webhook-timestamp"]) + 1);
    await refused("wrong-signature", { ...headers, "webhook-timestamp": later }, text, [secret], now);
    await refused("wrong-signature", headers, text, [other], now);
    await refused("wrong-signature", headers, text, [], now);
    for (const none of ["v1,", "v1,AAAA", `v2,${headers["webhook-signature"].slice(3)}`, "x"]) {
      await refused("wrong-signature", { ...headers, "webhook-signature": none }, text, [secret], now);
    }
  });

  test("no part can be moved into another: a point in the id does not become a border", async () => {
    const { "webhook-signature": signature } = signed(`1.${text}`, { id: "a" });
    const timestamp = String(Math.floor(now / 1000));
    const moved = { "webhook-id": `a.${timestamp}`, "webhook-timestamp": "1", "webhook-signature": signature };
    await refused("too-old", moved, text, [secret], now);
  });

  test("refuses what was signed more than five minutes ago or ahead", async () => {
    const edge = 300_000;
    for (const at of [now - edge, now + edge]) {
      assert.deepEqual(await verifyWebhook(signed(text, { at }), text, [secret], now), event);
    }
    await refused("too-old", signed(text, { at: now - edge - 1000 }), text, [secret], now);
    await refused("too-new", signed(text, { at: now + edge + 1000 }), text, [secret], now);
  });

  test("refuses missing and malformed headers, and secrets that are none", async () => {
    const headers = signed(text);
    for (const name of Object.keys(headers)) {
      const { [name as keyof typeof headers]: _left, ...rest } = headers;
      await refused("missing-header", rest, text, [secret], now);
      await refused("missing-header", { ...rest, [name]: "" }, text, [secret], now);
      await refused("missing-header", { ...rest, [name]: ["a", "b"] }, text, [secret], now);
    }
    await refused("malformed-header", { ...headers, "webhook-id": "a b" }, text, [secret], now);
    for (const time of ["now", "-1", "1e9", "1790000000.5", "0x10", "9999999999999"]) {
      await refused("malformed-header", { ...headers, "webhook-timestamp": time }, text, [secret], now);
    }
    for (const none of ["", "whsec_", secret.slice(6), `whsec_${"A".repeat(20)}`, `${secret}!`]) {
      await refused("unusable-secret", headers, text, [none], now);
    }
  });

  test("a true callback in PowerAuth form is no event, but verifyCallback gives its body", async () => {
    const body = JSON.stringify({ type: "OPERATION", operationId: "a", status: "APPROVED" });
    await refused("malformed-body", signed(body), body, [secret], now);
    assert.deepEqual(await verifyCallback(signed(body), body, [secret], now), JSON.parse(body));
    for (const none of ["", "[]", "null", "1", "{"]) await refused("malformed-body", signed(none), none, [secret], now);
    for (const member of Object.keys(event)) {
      const broken = JSON.stringify({ ...event, [member]: null });
      await refused("malformed-body", signed(broken), broken, [secret], now);
    }
  });

  test("whatever comes, only the true request passes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.string(), fc.string(), async (body, id, signature) => {
        const headers = { ...signed(text), "webhook-id": id, "webhook-signature": signature };
        await assert.rejects(verifyWebhook(headers, body, [secret], now), WebhookError);
      }),
    );
  });
});
