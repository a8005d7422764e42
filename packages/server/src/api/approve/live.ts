/** `/approve/v1/live`: live updates for a container, each stream with a proof of its own (Approve protocol §11). */
import { serverNonce } from "../../approve/nonce.ts";
import type { Deps } from "../../deps.ts";
import { startDeviceStream } from "../live/device-stream.ts";
import type { Api } from "../surfaces.ts";
import { provenContainer } from "./call.ts";

export function containerLiveRoutes(app: Api, deps: Deps): void {
  app.get("/approve/v1/live", { exposeHeadRoute: false }, async (request, reply) => {
    const { activation } = await provenContainer(deps, request);
    // A stream is no answer that the hook of the others sees.
    void reply.header("dpop-nonce", serverNonce(deps, request.provenAt ?? (await deps.store.now())));
    startDeviceStream(deps, activation, request, reply);
  });
}
