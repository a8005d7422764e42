/** Every schema that a request can meet, compiled: the server does that at the first request only. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import ajvCompiler from "@fastify/ajv-compiler";
import type { FastifyInstance, RouteOptions } from "fastify";
import { compileOnUse } from "../../src/api/compile-on-use.ts";
import { serve } from "../../src/main.ts";

const parts = ["body", "headers", "params", "querystring"] as const;

test("the schemas of all routes can be compiled", async () => {
  const routes: RouteOptions[] = [];
  const watch = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook("onRoute", (route) => void routes.push(route));
  };
  subscribe("fastify.initialization", watch);
  const dataDirectory = mkdtempSync(join(tmpdir(), "countersign-schemas-"));
  const server = await serve({
    dataDirectory,
    log: "silent",
    config: { port: 0, privatePort: 0 },
    environment: {},
  });
  try {
    const compile = ajvCompiler()({}, compileOnUse.ajv);
    let compiled = 0;
    for (const { method, url, schema } of routes) {
      for (const part of parts) {
        const of = (schema as Partial<Record<string, object>> | undefined)?.[part];
        if (of === undefined) continue;
        assert.doesNotThrow(() => compile({ schema: of }), `${String(method)} ${url}: ${part}`);
        compiled++;
      }
    }
    assert.ok(compiled > routes.length / 2, `${compiled} schemas of ${routes.length} routes`);
  } finally {
    unsubscribe("fastify.initialization", watch);
    await server.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});
