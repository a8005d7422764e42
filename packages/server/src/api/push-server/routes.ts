/** `/push/*` and `/inbox/*` on the private listener: a PowerAuth push server, as integrations of one call it. */
import type { Deps } from "../../deps.ts";
import type { Api } from "../surfaces.ts";
import { pushDeviceRoutes } from "./devices.ts";
import { inboxRoutes } from "./inbox.ts";
import { messageRoutes } from "./messages.ts";

export function pushServerRoutes(app: Api, deps: Deps): void {
  pushDeviceRoutes(app, deps);
  messageRoutes(app, deps);
  inboxRoutes(app, deps);
}
