/** A bank whose customers have Approve devices, over HTTP. */
import assert from "node:assert/strict";
import { type ApproveDevice, enrolDevice } from "../../../tools/approve-device.ts";
import { type Bank, type BankOptions, type Json, startBank, unique } from "./bank.ts";

export type ApproveBank = Awaited<ReturnType<typeof startApproveBank>>;

export interface ApproveBankOptions extends Omit<BankOptions, "config"> {
  /** Of the application that another node made. */
  readonly application?: string;
  readonly config?: BankOptions["config"];
}

export async function startApproveBank({ application: known, ...options }: ApproveBankOptions) {
  const bank: Bank = await startBank({ ...options, config: { basePath: "", ...options.config } });
  const application = known ?? (await bank.application()).applicationId;
  const approve = {
    bank,
    application,
    user: () => `user ${unique()}`,

    /** A device type of the application, with these differences from the defaults. */
    async deviceType(more: object = {}, id = `phone ${unique()}`): Promise<string> {
      const made = await bank.v1("PUT", `/device-types/${encodeURIComponent(id)}`, {
        applicationId: application,
        ...more,
      });
      assert.equal(made.status, 200, JSON.stringify(made.body));
      return id;
    },

    async template(more: object = {}): Promise<string> {
      const name = `pay ${unique()}`;
      const made = await bank.v1("POST", "/templates", {
        name,
        operationType: "payment",
        dataTemplate: "A1*A${amount}${currency}*N${note}",
        signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        maxFailureCount: 5,
        expirationSeconds: 300,
        ...more,
      });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return name;
    },

    async device(userId: string, deviceType: string): Promise<ApproveDevice> {
      const offered = await bank.v1("POST", "/offers", { userId, deviceType });
      assert.equal(offered.status, 201, JSON.stringify(offered.body));
      return enrolDevice({ url: bank.publicUrl, offer: offered.body.offer });
    },

    body: (template: string, more: object = {}) => ({
      template,
      applications: [application],
      parameters: { amount: "100", currency: "CZK", note: "Rent" },
      ...more,
    }),

    create: (template: string, more: object = {}) => bank.v1("POST", "/transactions", approve.body(template, more)),

    async transaction(template: string, more: object = {}): Promise<Json> {
      const reply = await approve.create(template, more);
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body;
    },

    async pay(template: string, userId: string, more: object = {}): Promise<string> {
      return (await approve.transaction(template, { userId, ...more })).operation.id;
    },

    detail: async (id: string): Promise<Json> => (await bank.v1("GET", `/operations/${id}`)).body,

    close: () => bank.close(),
  };
  return approve;
}
