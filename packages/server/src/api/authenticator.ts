/**
 * What the authenticator of this server starts from: the application that a typed code belongs to. An application's configuration is built into its apps; here it is built into a page, and only where an operator said so.
 */
import { applicationDetail } from "../applications/detail.ts";
import type { Deps } from "../deps.ts";
import { isRefusal } from "../errors.ts";
import { findGateway } from "../push/configure.ts";
import type { Api } from "./surfaces.ts";

interface Start {
  /** Mobile SDK configuration of the application; absent where codes are only scanned or come as links. */
  readonly configuration?: string;
  /** VAPID key of its Web Push, where it has one. */
  readonly pushKey?: string;
}

export function authenticatorRoutes(app: Api, deps: Deps): void {
  app.get("/authenticator/start.json", { schema: { hide: true } }, async (_request, reply) => {
    void reply.header("cache-control", "no-cache");
    return ofApplication(deps, deps.config.authenticatorApplication);
  });
}

async function ofApplication(deps: Deps, applicationId: string | undefined): Promise<Start> {
  if (applicationId === undefined) return {};
  const detail = await applicationDetail(deps, applicationId);
  const version = isRefusal(detail) ? undefined : detail.versions.findLast(({ supported }) => supported);
  if (version === undefined) return {};
  const web = await findGateway(deps, { applicationId, platform: "web" });
  const pushKey = isRefusal(web) ? undefined : (web as { readonly publicKey?: string }).publicKey;
  return { configuration: version.mobileSdkConfig, ...(pushKey !== undefined && { pushKey }) };
}
