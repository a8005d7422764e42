/**
 * What documented examples are played in: a server with a bank, in which each value of `values.ts` gets a row of its kind,
 * made afresh for each example.
 */
import { permissions } from "../src/accounts/api-client.ts";
import { values } from "../src/api/docs/values.ts";
import { type ApproveDevice, enrolDevice } from "../../../tools/approve-device.ts";
import { type Bank, type BankOptions, type Credentials, type Json, send, startBank, unique } from "./bank.ts";
import { createDevice, type Device } from "./device.ts";
import { gateways } from "./example-gateways.ts";

export type Replacement = ReadonlyMap<unknown, unknown>;

/** One example's surroundings: a user of its own, in the one application. */
export interface Scene {
  readonly bank: Bank;
  readonly app: Awaited<ReturnType<Bank["application"]>>;
  readonly template: Json;
  readonly user: string;
  /** By the id of their activation. */
  readonly devices: Map<string, Device>;
  /** The one that asks. */
  readonly client: Credentials;
}

export async function startExampleWorld(opened: BankOptions["opened"]) {
  const bank = await startBank({ opened });
  const client = await bank.client([...permissions]);
  const app = await bank.application(values.application);
  const template = await bank.template({
    templateName: values.template,
    dataTemplate: "A1*A${amount}${currency}*N${note}",
  });

  return {
    bank,
    client,
    scene: (): Scene => ({ bank, app, template, user: `anna ${unique()}`, client, devices: new Map() }),
    close: () => bank.close(),
  };
}

export async function pendingOperation({ bank, app, user }: Scene, more: object = {}): Promise<Json> {
  return bank.done("/operation/create", {
    templateName: values.template,
    userId: user,
    applications: [app.applicationId],
    parameters: { amount: "1250.00", currency: "EUR", note: "Rent" },
    externalId: "order-1",
    ...more,
  });
}

export async function startedActivation(
  { bank, app, user }: Scene,
  until: "CREATED" | "PENDING_COMMIT",
): Promise<Json> {
  const started = await bank.done("/activation/init", { userId: user, applicationId: app.applicationId });
  if (until === "PENDING_COMMIT") await createDevice(app).activate(started.activationCode, { name: "Anna's phone" });
  return started;
}

/** Each makes what one value, or several that belong together, stand for. */
const makers: readonly { readonly of: readonly unknown[]; make(scene: Scene): Promise<readonly unknown[]> }[] = [
  one(values.user, async ({ user }) => user),
  one(values.codedUser, async ({ bank }) => {
    const user = `${values.codedUser} ${unique()}`;
    await v1Done(bank, "PUT", `/users/${encodeURIComponent(user)}/user-code`, { userCode: "tram 17" });
    return user;
  }),
  one(values.templateId, async ({ template }) => template.id),
  one(values.applicationKey, async ({ app }) => app.applicationKey),
  one(values.newApplication, async () => `${values.newApplication} ${unique()}`),
  one(values.configuredApplication, async ({ bank, app }) => {
    const { applicationId } = await bank.application();
    const value = { allowedTargetApplicationIds: [app.applicationId], type: "SPAWN" };
    await bank.done("/application/config/create", { applicationId, key: "activation_transfer", values: [value] });
    return applicationId;
  }),
  one(values.newTemplate, async () => `${values.newTemplate} ${unique()}`),
  {
    of: [values.oldTemplate, values.oldTemplateId],
    async make({ bank }) {
      const made = await bank.template({ templateName: `${values.oldTemplate} ${unique()}` });
      return [made.templateName, made.id];
    },
  },
  one(values.newApiClient, async () => `${values.newApiClient} ${unique()}`),
  one(values.newCallback, async () => `${values.newCallback} ${unique()}`),
  one(values.applicationVersion, async ({ bank, app: { applicationId } }) => {
    const applicationVersionId = `2026-11 ${unique()}`;
    await bank.done("/application/version/create", { applicationId, applicationVersionId });
    return applicationVersionId;
  }),
  one(values.operation, async (scene) => (await pendingOperation(scene)).id),
  one(values.openOperation, async (scene) => (await pendingOperation(scene, { userId: null })).id),
  one(values.approvedOperation, async (scene) => {
    const { id, data } = await pendingOperation(scene);
    const device = await scene.bank.device(scene.app, scene.user);
    const body = JSON.stringify({ requestObject: { id, data } });
    await device.signed("/api/auth/token/app/operation/authorize", { uriId: "/operation/authorize", body });
    return id;
  }),
  one(values.activation, async ({ bank, app, user, devices }) => {
    const device = await bank.device(app, user);
    devices.set(device.activationId, device);
    return device.activationId;
  }),
  one(values.webhook, async ({ bank, app: { applicationId } }) => {
    const url = "https://shop.example/countersign";
    return (await v1Done(bank, "POST", "/webhooks", { applicationId, name: `shop ${unique()}`, url })).id;
  }),
  one(values.newWebhook, async () => `${values.newWebhook} ${unique()}`),
  one(values.pushedApplication, async ({ bank }) => {
    const { applicationId } = await bank.application();
    for (const [platform, settings] of Object.entries(await gateways())) {
      await v1Done(bank, "PUT", `/push-gateways/${encodeURIComponent(applicationId)}/${platform}`, settings);
    }
    return applicationId;
  }),
  {
    of: [values.pushedActivation, values.pushToken],
    async make({ bank, app, user }) {
      const { activationId } = await bank.device(app, user);
      const token = `f2b4c6d8${unique().padStart(8, "0")}`;
      const requestObject = { appId: app.applicationId, activationId, platform: "android", token };
      const url = `${bank.privateUrl}/push/device/create`;
      const reply = await send(url, "POST", JSON.stringify({ requestObject }), bank.admin);
      if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
      return [activationId, token];
    },
  },
  one(values.message, async ({ bank, app, user }) => {
    const texts = { en: { subject: "Statement", summary: "It is there.", body: "Your statement is there." } };
    const message = { userId: user, type: "text", applications: [app.applicationId], texts };
    return (await v1Done(bank, "POST", "/inbox/messages", message)).id;
  }),
  one(values.blockedActivation, async ({ bank, app, user }) => {
    const { activationId } = await bank.device(app, user);
    await bank.done("/activation/block", { activationId, reason: "LOST" });
    return activationId;
  }),
  one(values.waitingActivation, async (scene) => (await startedActivation(scene, "PENDING_COMMIT")).activationId),
  {
    of: [values.createdActivation, values.activationCode],
    async make(scene) {
      const { activationId, activationCode } = await startedActivation(scene, "CREATED");
      return [activationId, activationCode];
    },
  },
  one(values.apiClient, async ({ bank }) => (await bank.client(["integrate"])).clientId),
  one(values.oidcClient, async ({ bank, app: { applicationId } }) => {
    const metadata = {
      client_name: `shop ${unique()}`,
      countersign: { applications: [applicationId], template: values.template },
      backchannel_token_delivery_mode: "ping",
      backchannel_client_notification_endpoint: "https://shop.example/ciba",
    };
    return (await v1Done(bank, "POST", "/oidc-clients", metadata)).client_id;
  }),
  one(values.newOidcClient, async () => `${values.newOidcClient} ${unique()}`),
  one(values.authorizationType, async ({ bank }) => {
    const type = `account_transfer_${unique()}`;
    await v1Done(bank, "PUT", `/authorization-types/${type}`, {
      template: values.template,
      schema: {
        type: "object",
        properties: {
          type: { const: type },
          amount: { type: "string", pattern: "^[0-9]{1,12}[.][0-9]{2}$", maxLength: 16 },
          currency: { enum: ["EUR", "CZK"] },
          note: { type: "string", maxLength: 140 },
        },
        required: ["type", "amount", "currency", "note"],
        additionalProperties: false,
      },
      parameters: { amount: "/amount", currency: "/currency", note: "/note" },
    });
    return type;
  }),
  one(values.displayedType, async ({ bank }) => {
    const operationType = `transfer ${unique()}`;
    const display = { title: "Transfer", message: "Transfer ${amount}", attributes: [] };
    await v1Done(bank, "PUT", `/display-templates/${encodeURIComponent(operationType)}/en`, display);
    return operationType;
  }),
  one(values.newDisplayedType, async () => `${values.newDisplayedType} ${unique()}`),
  one(values.deviceType, madeDeviceType),
  one(values.newDeviceType, async () => `${values.newDeviceType}-${unique()}`),
  one(values.suspendedUser, async (scene) => {
    const device = await approveDevice(scene);
    await device.cancel((await pendingOperation(scene)).id, "NOTIFY_SUSPICIOUS");
    return scene.user;
  }),
  one(values.directRequest, async (scene) => {
    const device = await approveDevice(scene);
    const reply = await device.sendDirect(await device.directText(scene.client.clientId, "approve"));
    return reply.body.requestId;
  }),
  one(values.offer, async (scene) => {
    const body = { userId: scene.user, deviceType: await madeDeviceType(scene) };
    return (await v1Done(scene.bank, "POST", "/offers", body)).id;
  }),
  one(values.container, async (scene) => (await container(scene)).cid),
  one(values.blockedContainer, async (scene) => {
    const { cid } = await container(scene);
    await v1Done(scene.bank, "POST", `/containers/${cid}/block`, { reason: "LOST" });
    return cid;
  }),
  one(values.callback, async ({ bank, app: { applicationId } }) => {
    const callback = {
      applicationId,
      callbackUrl: "https://bank.example/countersign",
      type: "OPERATION_STATUS_CHANGE",
    };
    return (await bank.done("/application/callback/create", { ...callback, name: `callback ${unique()}` })).id;
  }),
];

async function v1Done(bank: Bank, method: string, path: string, body: object): Promise<Json> {
  const reply = await bank.v1(method, path, body);
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

async function approveDevice(scene: Scene): Promise<ApproveDevice> {
  const { bank, user } = scene;
  const { offer } = await v1Done(bank, "POST", "/offers", { userId: user, deviceType: await madeDeviceType(scene) });
  return enrolDevice({ url: new URL(bank.publicUrl).origin, offer });
}

async function madeDeviceType({ bank, app: { applicationId } }: Scene): Promise<string> {
  const id = `authenticator-${unique()}`;
  await v1Done(bank, "PUT", `/device-types/${id}`, { applicationId });
  return id;
}

const otp = [
  { label: "event", type: "HOTP", digits: 6, algorithm: "SHA1", policy: "device" },
  {
    label: "question",
    type: "OCRA",
    digits: 6,
    algorithm: "SHA1",
    suite: "OCRA-1:HOTP-SHA1-6:QN08",
    policy: "device",
  },
];

export async function container({ bank, app: { applicationId }, user }: Scene) {
  const deviceType = `authenticator-${unique()}`;
  await v1Done(bank, "PUT", `/device-types/${deviceType}`, { applicationId, otp });
  const { offer } = await v1Done(bank, "POST", "/offers", { userId: user, deviceType });
  return enrolDevice({ url: new URL(bank.publicUrl).origin, offer });
}

function one(value: unknown, make: (scene: Scene) => Promise<unknown>) {
  return { of: [value], make: async (scene: Scene) => [await make(scene)] };
}

/** Rows that an example shows and does not name. */
const shown: Readonly<Record<string, readonly unknown[]>> = {
  "GET /v1/operations": [values.operation],
  "GET /v1/activations": [values.activation],
  "GET /v1/audit": [values.approvedOperation],
  "POST /v1/audit/erase": [values.operation],
  "GET /v1/device-types": [values.deviceType],
  "GET /v1/webhooks": [values.webhook],
  "GET /v1/oidc-clients": [values.oidcClient],
  "GET /v1/authorization-types": [values.authorizationType],
  "GET /v1/callbacks": [values.callback],
  "GET /v1/users": [values.activation],
  "GET /v1/push-devices": [values.pushedActivation],
  "GET /v1/inbox/messages": [values.message],
  "GET /inbox/messages/list": [values.message],
  "GET /inbox/messages/count": [values.message],
  "POST /rest/v3/signature/list": [values.approvedOperation],
  "GET /v1/offers": [values.offer],
  "GET /v1/containers": [values.container],
  "POST /rest/v3/operation/list": [values.operation],
  "POST /rest/v3/operation/list/pending": [values.operation],
  "POST /rest/v3/operation/list/external": [values.operation],
  "POST /rest/v3/activation/list": [values.activation],
  "POST /rest/v3/activation/lookup": [values.activation],
  "POST /rest/v3/application/callback/list": [values.callback],
};

/** Rows for the values that occur in `example`, and for what the answer shows. */
export async function replacements(route: string, example: unknown, scene: Scene): Promise<Replacement> {
  const found = new Map<unknown, unknown>();
  const text = JSON.stringify(example) ?? "";
  for (const { of, make } of makers) {
    const wanted = of.some((value) => text.includes(JSON.stringify(value)) || shown[route]?.includes(value));
    if (!wanted) continue;
    const made = await make(scene);
    for (const [at, value] of of.entries()) found.set(value, made[at]);
  }
  return found;
}

/** The same with every value replaced that stands for a row. */
export function replaced(example: Json, by: Replacement): Json {
  if (by.has(example)) return by.get(example);
  if (Array.isArray(example)) return example.map((item) => replaced(item, by));
  if (typeof example !== "object" || example === null) return example;
  return Object.fromEntries(Object.entries(example).map(([name, value]) => [name, replaced(value, by)]));
}
