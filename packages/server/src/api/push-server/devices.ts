/** `/push/device/*`: a back end registers and removes devices in their place. */
import { Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { RefusedError, refuse } from "../../errors.ts";
import { platformNames } from "../../push/device.ts";
import { registerDevice } from "../../push/register.ts";
import { removeDevice } from "../../push/remove.ts";
import { requireApplications } from "../back-office/call.ts";
import { id, name, text } from "../members.ts";
import { registration } from "../mobile-token/push.ts";
import { type Api, callerOf, okEnvelope } from "../surfaces.ts";

const config = { permission: "integrate" } as const;

const createBody = Type.Object({
  requestObject: Type.Object({ ...registration, appId: name, activationId: id }),
});
const deleteBody = Type.Object({ requestObject: Type.Object({ appId: name, token: text(4096) }) });

export function pushDeviceRoutes(app: Api, deps: Pick<Deps, "store" | "secrets">): void {
  app.post("/push/device/create", { config, schema: { body: createBody } }, async (request) => {
    const { appId, activationId, platform, environment, token } = request.body.requestObject;
    requireApplications(request.apiClient, appId);
    const activation = await deps.store.findActivation(activationId);
    if (activation?.application_id !== appId) throw new RefusedError(refuse("activation-not-found"));
    const refusal = await registerDevice(deps, {
      activationId,
      platform: platformNames[platform],
      environment: environment ?? undefined,
      token,
      language: callerOf(request).language,
      clientId: request.apiClient.id,
    });
    if (refusal !== undefined) throw new RefusedError(refusal);
    return okEnvelope();
  });

  app.route({
    method: ["POST", "DELETE"],
    url: "/push/device/delete",
    config,
    schema: { body: deleteBody },
    async handler(request) {
      const { appId: applicationId, token } = request.body.requestObject;
      requireApplications(request.apiClient, applicationId);
      await removeDevice(deps, { applicationId, token }, "back-office");
      return okEnvelope();
    },
  });

  // Callbacks of a PowerAuth server lead here. A registration follows its activation by itself: there is nothing to do.
  app.route({
    method: ["POST", "PUT"],
    url: "/push/device/status/update",
    config,
    schema: { body: Type.Object({ activationId: id }) },
    handler: async () => okEnvelope(),
  });
}
