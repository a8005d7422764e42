/** A bank with one customer and the customer's device, and what both do with operations over HTTP. */
import assert from "node:assert/strict";
import { type Bank, type BankOptions, type Json, payment, startBank, unique } from "./bank.ts";
import type { Answer, Device, Signing, Token } from "./device.ts";

const base = "/api/auth/token/app/operation";

/** Data of every operation made here. */
export const data = "A1*A100CZK*Nrent";

export type MobileBank = Awaited<ReturnType<typeof startMobileBank>>;

export async function startMobileBank(opened: BankOptions["opened"]) {
  const bank: Bank = await startBank({ opened });
  const app = await bank.application();
  const { templateName } = await bank.template({ riskFlags: "XC" });
  const user = `user ${unique()}`;
  const device = await bank.device(app, user);
  const decider = await bank.client(["decide"]);
  const token = await tokenOf(device);
  return {
    bank,
    app,
    user,
    device,
    decider,
    token,
    tokenOf,

    create: (more: object = {}): Promise<Json> =>
      bank.done("/operation/create", {
        templateName,
        userId: user,
        applications: [app.applicationId],
        parameters: payment,
        ...more,
      }),

    detail: (operationId: string): Promise<Json> => bank.done("/operation/detail", { operationId }),

    /** With a token. */
    read: (path: string, requestObject: object = {}, by: Device = device, its: Token = token): Promise<Answer> =>
      by.post(base + path, JSON.stringify({ requestObject }), by.withToken(its)),

    sign,

    authorize: (id: string, more: object = {}, signing: Partial<Signing> = {}, by: Device = device) =>
      sign("/authorize", { id, data, ...more }, signing, by),

    cancel: (id: string, more: object = {}, by: Device = device, signing: Partial<Signing> = {}) =>
      sign("/cancel", { id, ...more }, { factors: "possession", ...signing }, by),
  };

  function sign(path: string, requestObject: object, more: Partial<Signing> = {}, by = device): Promise<Answer> {
    return by.signed(base + path, {
      uriId: `/operation${path}`,
      body: JSON.stringify({ requestObject }),
      ...more,
    });
  }
}

async function tokenOf(device: Device): Promise<Token> {
  const { status, token } = await device.createToken("possession");
  assert.equal(status, 200);
  return token;
}

export function accepted(answer: Answer): void {
  assert.deepEqual([answer.status, answer.body], [200, { status: "OK" }]);
}

/** An error envelope as devices get it. */
export function refused(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.body.status, answer.body.responseObject.code], [status, "ERROR", code]);
  assert.deepEqual(Object.keys(answer.body.responseObject).sort(), ["code", "message"]);
}

/** Ids of the operations in a list. */
export function idsOf(answer: Answer): Set<string> {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return new Set(answer.body.responseObject.map(({ id }: { id: string }) => id));
}
