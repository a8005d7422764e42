/** `/v1/live`: what happens to operations and activations, told to API clients as it happens. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { isRefusal, RefusedError, refuse } from "../../../errors.ts";
import { authenticateRequest } from "../../credentials.ts";
import { beginStream, eventStream } from "../../live/event-stream.ts";
import type { Api } from "../../surfaces.ts";
import { noQuery } from "../members.ts";

/** As much as whoever comes back may have to be told at once. */
const mostUnread = 1_048_576;

const headers = Type.Object({
  accept: Type.String({ pattern: "text/event-stream", description: "`text/event-stream`" }),
  "last-event-id": Type.Optional(
    Type.String({ maxLength: 8_192, description: "`id` of the last event that was read, to be told what was missed" }),
  ),
});
const stream = Type.String({
  description:
    "Server-sent events: `ready` or, where everything has to be read again, `reload`; then each event by its type. " +
    "The same event may come twice, with the same `id` in its data.",
});
const response = { 200: { description: "The stream", content: { "text/event-stream": { schema: stream } } } };

export function liveRoutes(app: Api, deps: Deps): void {
  app.addHook("preClose", async () => deps.clientStreams.close());

  app.get(
    "/v1/live",
    {
      exposeHeadRoute: false,
      config: { permission: ["relying-party", "integrate", "operate"] },
      schema: { headers, querystring: noQuery, response },
    },
    async (request, reply) => {
      const again = async () => {
        const client = await authenticateRequest(deps, request);
        return isRefusal(client) ? undefined : client;
      };
      const caller = { client: request.apiClient, again };
      const lastEventId = request.headers["last-event-id"];
      const opened = deps.clientStreams.open(caller, eventStream(reply, mostUnread));
      if (opened === undefined) throw new RefusedError(refuse("unavailable"));
      beginStream(reply, opened.close);
      opened.begin(lastEventId);
    },
  );
}
