/** What the demo bank has at the server: templates and how they look, a type of payment, and its OpenID client. Made when missing. */
import { type CibaClient, cibaClient } from "@countersign/relying-party/ciba";
import { type OperationsClient, operationsClient } from "@countersign/relying-party/operations";
import { fetchJwks, type Jwks } from "@countersign/relying-party/receipt";
import { type BackOffice, backOffice } from "../../back-office.ts";
import type { Connection } from "../../connection.ts";
import { type V1, v1 } from "../../v1.ts";
import { names } from "../parties.ts";

export const bankName = "Harbourline Bank";
export const templates = { payment: "bank-payment", logIn: "bank-log-in" } as const;
/** Of Approve devices. */
export const deviceType = "bank-phone";
export const paymentType = "bank_payment";

/** How the bank reaches the server, and what it has pinned. */
export interface Ties {
  readonly ciba: CibaClient;
  readonly operations: OperationsClient;
  readonly backOffice: BackOffice;
  readonly api: V1;
  /** Of receipts. */
  readonly keys: Jwks;
  /** Base address for devices, under a name: passkeys need one. */
  readonly publicUrl: string;
  /** Mobile SDK configuration, for links that connect a device. */
  readonly configuration: string;
  /** Aborted when the bank closes: nothing is waited for any more. */
  readonly closing: AbortSignal;
}

/** Safe to repeat: what is there is used again, and the client's secret is drawn anew at each start. */
export async function setUp(connection: Connection, publicUrl: string, closing: AbortSignal): Promise<Ties> {
  const [office, api] = [backOffice(connection), v1(connection)];
  await setTemplates(api);
  await api.call("PUT", `/device-types/${deviceType}`, { applicationId: names.application });
  await api.call("PUT", `/authorization-types/${paymentType}`, authorizationType);
  const { issuer, send } = await providerAt(publicUrl);
  const { versions } = await office<{ versions: { mobileSdkConfig: string; supported: boolean }[] }>(
    "/application/detail",
    { applicationId: names.application },
  );
  return {
    ciba: await cibaClient({ issuer, ...(await openIdClient(api)), fetch: send }),
    operations: operationsClient(connection),
    backOffice: office,
    api,
    keys: await fetchJwks(`${publicUrl}/.well-known/countersign/jwks.json`),
    publicUrl: publicUrl.replace("//127.0.0.1:", "//localhost:"),
    configuration: versions.find(({ supported }) => supported)?.mobileSdkConfig ?? "",
    closing,
  };
}

const factors = ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"];
const wanted = [
  {
    name: templates.payment,
    operationType: templates.payment,
    dataTemplate: "A1*A${amount}${currency}*I${iban}**N${note}",
    signatureTypes: factors,
    maxFailureCount: 5,
    expirationSeconds: 300,
  },
  {
    name: templates.logIn,
    operationType: templates.logIn,
    dataTemplate: "A1*N${reason}",
    signatureTypes: factors,
    maxFailureCount: 5,
    expirationSeconds: 180,
  },
] as const;

const looks = {
  [templates.payment]: {
    title: "Payment",
    message: `${bankName} asks you to approve a payment.`,
    resultTexts: { success: "The payment is on its way." },
    attributes: [
      { id: "amount", type: "AMOUNT", text: "Amount", params: { amount: "amount", currency: "currency" } },
      { id: "account", type: "KEY_VALUE", text: "To account", params: { value: "iban" } },
      { id: "note", type: "NOTE", text: "For", params: { note: "note" } },
    ],
  },
  [templates.logIn]: {
    title: "Log in",
    message: "Somebody wants to log in on another screen. Approve only if it is you.",
    resultTexts: { success: "You are logged in on the other screen." },
    attributes: [{ id: "reason", type: "KEY_VALUE", text: "Where", params: { value: "reason" } }],
  },
};

async function setTemplates(api: V1): Promise<void> {
  const { items } = await api.call<{ items: { name: string }[] }>("GET", "/templates");
  for (const template of wanted) {
    if (!items.some(({ name }) => name === template.name)) await api.call("POST", "/templates", template);
  }
  for (const [name, look] of Object.entries(looks)) await api.call("PUT", `/display-templates/${name}/en`, look);
}

const text = (pattern: string, maxLength: number) => ({ type: "string", pattern, maxLength });
const authorizationType = {
  template: templates.payment,
  schema: {
    type: "object",
    properties: {
      type: { const: paymentType },
      instructedAmount: {
        type: "object",
        properties: { amount: text("^[0-9]{1,9}[.][0-9]{2}$", 12), currency: { const: "EUR" } },
        required: ["amount", "currency"],
        additionalProperties: false,
      },
      creditorAccount: text("^[A-Z]{2}[0-9A-Z]{13,32}$", 34),
      remittance: { type: "string", maxLength: 140 },
    },
    required: ["type", "instructedAmount", "creditorAccount", "remittance"],
    additionalProperties: false,
  },
  parameters: {
    amount: "/instructedAmount/amount",
    currency: "/instructedAmount/currency",
    iban: "/creditorAccount",
    note: "/remittance",
  },
};

/** Nothing secret is kept between two runs. */
async function openIdClient(api: V1): Promise<{ readonly clientId: string; readonly clientSecret: string }> {
  const { items } = await api.call<{ items: { client_id: string; client_name: string }[] }>("GET", "/oidc-clients");
  const found = items.find(({ client_name: name }) => name === bankName);
  const { client_id: clientId, client_secret: clientSecret } = await (found === undefined
    ? api.call<Registered>("POST", "/oidc-clients", {
        client_name: bankName,
        countersign: { applications: [names.application] },
        authorization_details_types: [paymentType],
      })
    : api.call<Registered>("POST", `/oidc-clients/${encodeURIComponent(found.client_id)}/rotate-secret`));
  return { clientId, clientSecret };
}

interface Registered {
  readonly client_id: string;
  readonly client_secret: string;
}

/** The issuer's name stays what it was at the first start; the server may listen elsewhere in this run. */
async function providerAt(publicUrl: string): Promise<{ readonly issuer: string; readonly send: typeof fetch }> {
  const answer = await fetch(`${publicUrl}/oidc/.well-known/openid-configuration`);
  const { issuer } = (await answer.json()) as { issuer: string };
  const { origin } = new URL(issuer);
  const send: typeof fetch = (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    return fetch(address.startsWith(`${origin}/`) ? publicUrl + address.slice(origin.length) : address, init);
  };
  return { issuer, send };
}
