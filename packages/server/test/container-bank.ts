/** A bank whose customers enrol Approve devices: an application, a device type `phone`, a template `pay`. */
import assert from "node:assert/strict";
import { type ApproveDevice, enrolDevice } from "../../../tools/approve-device.ts";
import { type BankOptions, startBank } from "./bank.ts";

export type ContainerBank = Awaited<ReturnType<typeof startContainerBank>>;

let count = 0;

export async function startContainerBank(opened: BankOptions["opened"], config: BankOptions["config"] = {}) {
  const bank = await startBank({ opened, config: { basePath: "", ...config } });
  const { applicationId: application } = await bank.application();
  const approve = {
    bank,
    application,
    url: bank.publicUrl,

    userOf: () => `user ${++count}`,

    /** Sets a device type of the application. */
    async type(id: string, more: object = {}): Promise<string> {
      const made = await bank.v1("PUT", `/device-types/${id}`, { applicationId: application, ...more });
      assert.equal(made.status, 200, JSON.stringify(made.body));
      return id;
    },

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
