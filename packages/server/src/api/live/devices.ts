/** `/live`: live updates for a PowerAuth device, each stream with a fresh token header. */
import type { Deps } from "../../deps.ts";
import { tokenHolder } from "../mobile-token/token-holder.ts";
import type { Api } from "../surfaces.ts";
import { startDeviceStream } from "./device-stream.ts";

export function liveRoutes(app: Api, deps: Deps): void {
  app.get("/live", { exposeHeadRoute: false }, async (request, reply) => {
    const { viewer } = await tokenHolder(deps, request);
    startDeviceStream(deps, viewer, request, reply);
  });
}
