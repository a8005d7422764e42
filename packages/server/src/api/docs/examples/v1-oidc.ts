/** Examples of `/v1`: relying parties that speak OpenID. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

const shop = {
  client_id: values.oidcClient,
  client_name: "shop 70",
  countersign: { applications: [values.application], template: values.template },
  backchannel_token_delivery_mode: "ping",
  backchannel_client_notification_endpoint: "https://shop.example/ciba",
};

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
  "DELETE /v1/oidc-clients/:id": {
    summary: "End a relying party: from now on nobody knows it",
    params: { id: values.oidcClient },
    status: 204,
  },
};
