/** Liveness and readiness, without detail: a stranger learns that something answers, and no more. */
import type { Deps } from "../deps.ts";
import type { Api } from "./surfaces.ts";

export function healthRoutes(app: Api, deps: Pick<Deps, "store">): void {
  app.get("/health/live", () => ({ status: "UP" }));
  app.get("/health/ready", async (_request, reply) => {
    try {
      await deps.store.now();
      return { status: "UP" };
    } catch {
      return reply.code(503).send({ status: "DOWN" });
    }
  });
}
