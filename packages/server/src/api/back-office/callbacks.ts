/** `/rest/v3/application/callback/*`: who wants to hear of an application's activations or operations. */
import { Type } from "typebox";
import { mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { refuse } from "../../errors.ts";
import { createSink, findSink, listSinks, removeSink, type Sink } from "../../notifications/sink.ts";
import { id, jsonObject, name, orNull, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { call, requireApplications } from "./call.ts";

const createRequest = Type.Object({
  applicationId: name,
  name,
  callbackUrl: text(2000),
  type: Type.Enum(["ACTIVATION_STATUS_CHANGE", "OPERATION_STATUS_CHANGE"]),
  attributes: orNull(Type.Array(name, { maxItems: 100 })),
  authentication: orNull(jsonObject),
});

export function callbackRoutes(app: Api, deps: Pick<Deps, "store" | "random">): void {
  const path = "/application/callback";

  call(app, `${path}/create`, "admin", createRequest, async (input, client) => {
    requireApplications(client, input.applicationId);
    // Credentials that nobody would send are refused rather than dropped.
    if (asksForCredentials(input.authentication)) return refuse("invalid-request", "authentication - not available");
    const sink = await createSink(deps, {
      applicationId: input.applicationId,
      name: input.name,
      url: input.callbackUrl,
      type: input.type,
      attributes: input.attributes ?? [],
      clientId: client.id,
    });
    return "refused" in sink ? sink : callbackObject(sink);
  });

  call(app, `${path}/list`, "admin", Type.Object({ applicationId: name }), async (input, client) => {
    requireApplications(client, input.applicationId);
    return { callbackUrlList: (await listSinks(deps, input.applicationId)).map(callbackObject) };
  });

  call(app, `${path}/remove`, "admin", Type.Object({ id }), async (input, client) => {
    const sink = await findSink(deps, input.id);
    const removed = sink !== undefined && mayUse(client, sink.applicationId);
    return { id: input.id, removed: removed && (await removeSink(deps, { id: input.id, clientId: client.id })) };
  });
}

function callbackObject(sink: Sink) {
  return {
    id: sink.id,
    applicationId: sink.applicationId,
    name: sink.name,
    callbackUrl: sink.url,
    type: sink.type,
    attributes: sink.attributes,
  };
}

function asksForCredentials(authentication: Readonly<Record<string, unknown>> | null | undefined): boolean {
  return Object.values(authentication ?? {}).some(
    (method) => typeof method === "object" && method !== null && "enabled" in method && method.enabled === true,
  );
}
