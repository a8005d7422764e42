/** A bank whose customers enrol Approve devices: an application, a device type `phone`, a template `pay`. */
import assert from "node:assert/strict";
import { type ApproveDevice, enrolDevice } from "../../../tools/approve-device.ts";
import { startApproveBank } from "./approve-bank.ts";
import type { BankOptions } from "./bank.ts";

export type ContainerBank = Awaited<ReturnType<typeof startContainerBank>>;

export async function startContainerBank(opened: BankOptions["opened"], config: BankOptions["config"] = {}) {
  const { bank, application, user, deviceType } = await startApproveBank({ opened, config });
  const approve = {
    bank,
    application,
    url: bank.publicUrl,

    userOf: user,

    /** Sets a device type of the application. */
    type: (id: string, more: object = {}) => deviceType(more, id),

    async offer(userId: string, more: object = {}): Promise<{ id: string; offer: string; inviteCode: string }> {
      const reply = await bank.v1("POST", "/offers", { userId, deviceType: "phone", ...more });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body;
    },

    async device(userId: string, more: object = {}): Promise<ApproveDevice> {
      return enrolDevice({ url: bank.publicUrl, offer: (await approve.offer(userId, more)).offer });
    },

    async operation(userId: string, more: object = {}): Promise<string> {
      const parameters = { amount: "100", currency: "CZK", note: "Rent" };
      const asked = { template: "pay", applications: [application], userId, parameters, ...more };
      const reply = await bank.v1("POST", "/operations", asked);
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body.id as string;
    },

    /** Types of the events about a subject, in order. */
    async events(subject: string): Promise<string[]> {
      const rows = await bank.store.read
        .selectFrom("audit_event")
        .select("type")
        .where("subject", "=", subject)
        .orderBy("at")
        .orderBy("seq")
        .execute();
      return rows.map(({ type }) => type);
    },
  };
  await approve.type("phone");
  await bank.template({ templateName: "pay" });
  return approve;
}
