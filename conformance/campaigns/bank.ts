/** The bank's side of a run: what the private API is asked for, over HTTP, with the first API client's credentials. */
import { readFileSync } from "node:fs";
import { decodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import { isFailure } from "@countersign/protocol/errors";
import { type Answer, isLost, memberOf, send, textOf } from "./http.ts";

/** Where the private API is now: servers come back at other ports. */
export type PrivateUrl = () => Promise<string>;

export interface Bank {
  /** `/rest/v3`; the response object. Throws when it is refused or lost. */
  office(path: string, requestObject: object): Promise<unknown>;
  /** `/v1`; whatever comes. */
  call(
    method: "GET" | "POST" | "PUT",
    path: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

export function bankAt(url: PrivateUrl, credentials: Credentials): Bank {
  const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString("base64");
  const authorization = `Basic ${basic}`;
  return {
    async office(path, requestObject) {
      const body = JSON.stringify({ requestObject });
      const answer = await send({ url: `${await url()}/rest/v3${path}`, headers: { authorization }, body });
      if (!isLost(answer) && answer.status === 200) return memberOf(answer.json, "responseObject");
      throw new Error(`${path}: ${JSON.stringify(answer)}`);
    },
    async call(method, path, body, headers = {}) {
      return send({
        method,
        url: `${await url()}${path}`,
        headers: { authorization, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
  };
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export function readCredentials(bootstrap: string): Credentials {
  const value: unknown = JSON.parse(readFileSync(bootstrap, "utf8"));
  return { clientId: textOf(value, "clientId"), clientSecret: textOf(value, "clientSecret") };
}

/** What an app is built with, and what a stranger can take out of it. */
export interface App {
  readonly applicationId: string;
  /** Base64 texts. */
  readonly applicationKey: string;
  readonly applicationSecret: string;
  /** SEC1 bytes. */
  readonly masterPublicKey: Uint8Array;
}

export const template = "payment";

/** Signed data of an operation made by `newOperation`. */
export function dataOf(reference: string): string {
  return `A1*A100.00EUR*R${reference}`;
}

/** Body of `POST /v1/operations`. `reference` also names it as external id, so that duplicates can be told. */
export function newOperation(app: App, userId: string, reference: string, expiresAt?: number) {
  return {
    template,
    userId,
    applications: [app.applicationId],
    externalId: reference,
    parameters: { amount: "100.00", reference },
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Application and template. Wrong signatures never use up an operation here: attempts are the activation's matter. */
export async function prepareApp(bank: Bank, applicationId: string): Promise<App> {
  await bank.office("/application/create", { applicationId });
  const detail = await bank.office("/application/detail", { applicationId });
  const [version] = memberOf(detail, "versions") as unknown[];
  const configuration = decodeClientConfiguration(textOf(version, "mobileSdkConfig"));
  if (isFailure(configuration)) throw new Error("The application's configuration cannot be read");
  await bank.office("/operation/template/create", {
    templateName: template,
    operationType: template,
    dataTemplate: "A1*A${amount}EUR*R${reference}",
    signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
    maxFailureCount: 1000,
    expiration: 600,
  });
  return {
    applicationId,
    applicationKey: textOf(version, "applicationKey"),
    applicationSecret: textOf(version, "applicationSecret"),
    masterPublicKey: configuration.masterPublicKey,
  };
}
