/** What operators watch: requests by route and status, decisions, and how the store's flushes do. */
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import type { Api } from "./api/surfaces.ts";

export interface Metrics {
  readonly registry: Registry;
  /** Counts every answer of a listener by route pattern: never by URL, which may hold ids. */
  observe(app: Api, listener: "public" | "private"): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answers = new Counter({
    name: "countersign_http_answers_total",
    help: "Answers by listener, route and status",
    labelNames: ["listener", "route", "status"] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "countersign_http_seconds",
    help: "Time from request to answer",
    labelNames: ["listener"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  return {
    registry,
    observe(app, listener) {
      app.addHook("onResponse", (request, reply, done) => {
        answers.inc({ listener, route: request.routeOptions.url ?? "none", status: reply.statusCode });
        seconds.observe({ listener }, reply.elapsedTime / 1000);
        done();
      });
    },
  };
}
