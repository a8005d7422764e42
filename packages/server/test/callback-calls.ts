/** What tests of callbacks do again and again: make one, cause an event, wait for what became of it. */
import { type Bank, type Json, payment, unique } from "./bank.ts";
import type { Received, Receiver } from "../../../tools/receiver.ts";

export interface CallbackWorld {
  readonly bank: Bank;
  readonly receiver: Receiver;
  readonly app: Awaited<ReturnType<Bank["application"]>>;
}

export const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");

/** Requests about this operation or activation. */
export const about = (id: string) => (one: Received) => one.body.operationId === id || one.body.activationId === id;

/** `world` is asked for when a call is made: it is there once the suite has begun. */
export function callbackCalls(world: () => CallbackWorld) {
  const bank = () => world().bank;
  const events = async (id: string, state?: string): Promise<Json[]> =>
    (await bank().done("/application/callback/event/list", { id, state })).events;
  return {
    events,
    register: (more: object = {}): Promise<Json> =>
      bank().done("/application/callback/create", {
        applicationId: world().app.applicationId,
        name: `callback ${unique()}`,
        callbackUrl: world().receiver.url,
        type: "OPERATION_STATUS_CHANGE",
        attributes: ["status"],
        initialBackoff: "PT0.01S",
        ...more,
      }),
    remove: (id: string): Promise<Json> => bank().done("/application/callback/remove", { id }),
    create: async (more: object = {}, applicationId = world().app.applicationId): Promise<Json> => {
      const { templateName } = await bank().template();
      const applications = [applicationId];
      return bank().done("/operation/create", {
        templateName,
        userId: "u",
        applications,
        parameters: payment,
        ...more,
      });
    },
    /** The first event in that state, once there is one. */
    settled: async (id: string, state: string): Promise<Json> => {
      for (;;) {
        const [found] = await events(id, state);
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}
