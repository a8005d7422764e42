/** `/rest/v3`: the back-office API in PowerAuth form. One file per group; this one only lists them. */
import type { Deps } from "../../deps.ts";
import type { Api } from "../surfaces.ts";
import { activationCareRoutes } from "./activation-care.ts";
import { activationRoutes } from "./activations.ts";
import { applicationRoutes } from "./applications.ts";
import { callbackRoutes } from "./callbacks.ts";
import { encryptionRoutes } from "./encryption.ts";
import { integrationRoutes } from "./integrations.ts";
import { operationRoutes } from "./operations.ts";
import { statusRoutes } from "./status.ts";
import { signatureListRoutes } from "./signatures/list.ts";
import { offlineSignatureRoutes } from "./signatures/offline.ts";
import { onlineSignatureRoutes } from "./signatures/online.ts";
import { templateRoutes } from "./templates.ts";
import { tokenRoutes } from "./tokens.ts";

export function backOfficeRoutes(app: Api, deps: Deps): void {
  statusRoutes(app, deps);
  applicationRoutes(app, deps);
  integrationRoutes(app, deps);
  activationRoutes(app, deps);
  activationCareRoutes(app, deps);
  onlineSignatureRoutes(app, deps);
  offlineSignatureRoutes(app, deps);
  signatureListRoutes(app, deps);
  tokenRoutes(app, deps);
  encryptionRoutes(app, deps);
  templateRoutes(app, deps);
  operationRoutes(app, deps);
  callbackRoutes(app, deps);
}
