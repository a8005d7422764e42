/** Examples of `/v1`: relying parties that speak OpenID. */
import type { Examples } from "../../examples.ts";
import { values } from "../../values.ts";

const shop = {
  client_id: values.oidcClient,
  client_name: "shop 70",
  countersign: { applications: [values.application], template: values.template },
  backchannel_token_delivery_mode: "ping",
  backchannel_client_notification_endpoint: "https://shop.example/ciba",
};

const consent = {
  type: values.authorizationType,
  template: values.template,
  schema: {
    type: "object",
    properties: {
      type: { const: values.authorizationType },
      amount: { type: "string", pattern: "^[0-9]{1,12}[.][0-9]{2}$", maxLength: 16 },
      currency: { enum: ["EUR", "CZK"] },
      note: { type: "string", maxLength: 140 },
    },
    required: ["type", "amount", "currency", "note"],
    additionalProperties: false,
  },
  parameters: { amount: "/amount", currency: "/currency", note: "/note" },
};
const { type: _, ...content } = consent;

export const v1OidcExamples: Examples = {
  "POST /v1/oidc-clients": {
    summary: "Register a relying party that speaks OpenID",
    body: {
      client_name: values.newOidcClient,
      countersign: { applications: [values.application], template: values.template },
    },
    status: 201,
    response: {
      client_id: "01a21e8e-8bb0-7e6a-ab13-7c06a4375d6f",
      client_secret: "o1bVvT2kqH0mWZ3dR7yCjXJ4sN8aLfEGuPpQ5iKxwYA",
      client_name: values.newOidcClient,
      countersign: { applications: [values.application], template: values.template },
    },
  },
  "GET /v1/oidc-clients": {
    summary: "Every relying party that speaks OpenID, without secrets",
    response: { items: [shop] },
  },
  "GET /v1/oidc-clients/:id": {
    summary: "One relying party, without its secret",
    params: { id: values.oidcClient },
    response: shop,
  },
  "PUT /v1/oidc-clients/:id": {
    summary: "Change a relying party: what is not named has its default again, and the secret stays",
    params: { id: values.oidcClient },
    body: {
      client_name: values.newOidcClient,
      countersign: { applications: [values.application], template: values.template },
    },
    response: {
      client_id: values.oidcClient,
      client_name: values.newOidcClient,
      countersign: { applications: [values.application], template: values.template },
    },
  },
  "POST /v1/oidc-clients/:id/rotate-secret": {
    summary: "Give it a new secret; the old one ends at once",
    params: { id: values.oidcClient },
    response: {
      client_id: values.oidcClient,
      client_secret: "o1bVvT2kqH0mWZ3dR7yCjXJ4sN8aLfEGuPpQ5iKxwYA",
    },
  },
  "DELETE /v1/oidc-clients/:id": {
    summary: "End a relying party: from now on nobody knows it",
    params: { id: values.oidcClient },
    status: 204,
  },
  "PUT /v1/authorization-types/:type": {
    summary: "Say what authorization details of a type look like, and which operation they make",
    params: { type: values.authorizationType },
    body: content,
    response: { ...consent, updatedAt: "2026-11-27T19:49:48.133Z" },
  },
  "GET /v1/authorization-types": {
    summary: "Every type of authorization details",
    response: { items: [{ ...consent, updatedAt: "2026-11-27T19:49:48.133Z" }] },
  },
  "GET /v1/authorization-types/:type": {
    summary: "One type of authorization details",
    params: { type: values.authorizationType },
    response: { ...consent, updatedAt: "2026-11-27T19:49:48.133Z" },
  },
  "DELETE /v1/authorization-types/:type": {
    summary: "Take a type away: details of it are refused from now on",
    params: { type: values.authorizationType },
    status: 204,
  },
};
