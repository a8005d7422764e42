/** `/v1`: our own API. One file per noun; this one only lists them. */
import type { Deps } from "../../deps.ts";
import type { Api } from "../surfaces.ts";
import { activationRoutes } from "./activations.ts";
import { apiClientRoutes } from "./api-clients.ts";
import { applicationRoutes } from "./applications.ts";
import { auditRoutes } from "./audit.ts";
import { containerAdminRoutes } from "./approve/containers.ts";
import { deviceTypeRoutes } from "./approve/device-types.ts";
import { offerRoutes } from "./approve/offers.ts";
import { otpRoutes } from "./approve/otp.ts";
import { displayTemplateRoutes } from "./display-templates.ts";
import { offlineRoutes } from "./offline.ts";
import { keyRoutes } from "./keys.ts";
import { inboxRoutes } from "./inbox.ts";
import { authorizationTypeRoutes } from "./oidc/authorization-types.ts";
import { oidcClientRoutes } from "./oidc/clients.ts";
import { operationRoutes } from "./operations.ts";
import { pushRoutes } from "./push.ts";
import { templateRoutes } from "./templates.ts";
import { directRequestRoutes, transactionRoutes } from "./approve/transactions.ts";
import { userRoutes } from "./approve/users.ts";
import { webhookRoutes } from "./webhooks.ts";

export function v1Routes(app: Api, deps: Deps): void {
  operationRoutes(app, deps);
  offlineRoutes(app, deps);
  templateRoutes(app, deps);
  displayTemplateRoutes(app, deps);
  applicationRoutes(app, deps);
  activationRoutes(app, deps);
  apiClientRoutes(app, deps);
  oidcClientRoutes(app, deps);
  authorizationTypeRoutes(app, deps);
  auditRoutes(app, deps);
  keyRoutes(app, deps);
  webhookRoutes(app, deps);
  deviceTypeRoutes(app, deps);
  offerRoutes(app, deps);
  containerAdminRoutes(app, deps);
  otpRoutes(app, deps);
  pushRoutes(app, deps);
  inboxRoutes(app, deps);
  transactionRoutes(app, deps);
  directRequestRoutes(app, deps);
  userRoutes(app, deps);
}
