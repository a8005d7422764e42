/** `/v1/statistics`: operations over time, for charts. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { RefusedError, refuse } from "../../../errors.ts";
import { statistics } from "../../../overview/statistics.ts";
import { epochMs, name } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { applicationsFor } from "../activations.ts";
import { closed, listOf, oneOrMany, queryInstant, utc, utcSchema } from "../members.ts";

const stepMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const mostSteps = 1_000;
const mostMs = 100 * stepMs.day;

const query = closed({
  from: queryInstant,
  to: queryInstant,
  step: Type.Optional(Type.Enum(["minute", "hour", "day"], { description: "`hour` by default" })),
  applicationId: Type.Optional(oneOrMany(name)),
});
const count = Type.Integer();
const schema = closed({
  steps: Type.Array(
    closed({
      at: utcSchema,
      statuses: Type.Record(Type.String(), count, { description: "What became of operations that were created then" }),
      failedAttempts: count,
    }),
    { description: "Those in which something was created" },
  ),
  latency: Type.Array(closed({ upToSeconds: Type.Optional(count), count }), {
    description: "Operations a person decided, by the time from creation to decision",
  }),
  failures: Type.Array(closed({ outcome: Type.String(), count }), {
    description: "What stood in the way of tries to decide",
  }),
  pending: Type.Integer({ description: "Waiting for a decision at this moment" }),
});

export function statisticsRoutes(app: Api, deps: Pick<Deps, "store">): void {
  app.get(
    "/v1/statistics",
    { config: { permission: "operate" }, schema: { querystring: query, response: { 200: schema } } },
    async ({ query: { from, to, step = "hour", applicationId }, apiClient }) => {
      const range = { from: epochMs(from, "from"), to: epochMs(to, "to"), stepMs: stepMs[step] };
      const length = range.to - range.from;
      if (length <= 0 || length > mostMs || length / range.stepMs > mostSteps) {
        throw new RefusedError(refuse("invalid-request", `to - at most 100 days and ${mostSteps} steps after from`));
      }
      const applications = applicationsFor(apiClient, listOf(applicationId));
      const { steps, latency, ...more } = await statistics(deps, { ...range, applications });
      return {
        steps: steps.map(({ at, statuses, failedAttempts }) => ({
          at: utc(at),
          statuses: { ...statuses },
          failedAttempts,
        })),
        latency: latency.map(({ upTo, count: n }) => ({ ...(upTo !== undefined && { upToSeconds: upTo }), count: n })),
        failures: more.failures.map((one) => ({ ...one })),
        pending: more.pending,
      };
    },
  );
}
