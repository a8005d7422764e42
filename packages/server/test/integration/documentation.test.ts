/**
 * The documents of the private API: every route is in one of them with an example, and every example is a real answer.
 *
 * A route without one? Add a row to a table in `src/api/docs/examples/`; what the server answers to its request is in the
 * message of the failure. A value that only exists once it was made goes into `src/api/docs/values.ts` and gets a maker in
 * `example-world.ts`.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Value } from "typebox/value";
import { examples } from "../../src/api/docs/examples.ts";
import { type Json, send } from "../bank.ts";
import { play } from "../example-play.ts";
import { startExampleWorld } from "../example-world.ts";
import { openStream } from "../sse.ts";
import { suiteOnEachStore } from "../store-suites.ts";

interface Documented {
  /** `GET /v1/operations/:id`: as the route declares it. */
  readonly route: string;
  readonly operation: Json;
}

/** Every operation of a document. */
function operationsOf(document: Json): Documented[] {
  return Object.entries(document.paths as Record<string, Json>).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Json>).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
      operation,
    })),
  );
}

/** Names and kinds of everything in a value; of a list, those of its first item. */
function shapeOf(value: Json): Json {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, shapeOf(value[name])]),
  );
}

suiteOnEachStore((kind, open) => {
  describe(`The documents of the private API on ${kind}`, () => {
    let world: Awaited<ReturnType<typeof startExampleWorld>>;
    let documents: Json[];
    before(async () => {
      world = await startExampleWorld(await open());
      documents = await Promise.all(
        ["v1", "rest-v3"].map(async (name) => (await get(`/docs/openapi-${name}.json`)).body),
      );
    });
    after(() => world.close());

    const get = (path: string, client: typeof world.client | undefined = world.client) =>
      send(world.bank.privateUrl + path, "GET", undefined, client);

    test("Both are OpenAPI 3.1 and need credentials, of any API client", async () => {
      for (const document of documents) {
        assert.equal(document.openapi, "3.1.0");
        assert.deepEqual(document.security, [{ apiClient: [] }]);
        assert.ok(Object.keys(document.paths).length > 10);
      }
      for (const name of ["v1", "rest-v3"]) {
        const path = `/docs/openapi-${name}.json`;
        const nobody = await send(world.bank.privateUrl + path, "GET", undefined, undefined);
        assert.deepEqual([nobody.status, nobody.headers.get("www-authenticate")], [401, null]);
        assert.equal((await get(path, await world.bank.client(["decide"], []))).status, 200);
      }
    });

    test("Every route has an example, and every example a route", () => {
      const routes = documents.flatMap(operationsOf).map(({ route }) => route);
      const missing = routes.filter((route) => examples[route] === undefined);
      assert.deepEqual(missing, [], "routes without an example: add one in src/api/docs/examples/");
      assert.deepEqual(
        Object.keys(examples).filter((route) => !routes.includes(route)),
        [],
        "examples of routes that do not exist",
      );
    });

    test("Every route says what it does, which permission it needs, what it takes and what it answers", () => {
      for (const { route, operation } of documents.flatMap(operationsOf)) {
        assert.ok(operation.summary, `${route} has no summary`);
        assert.match(operation.description, /^Permission: \w/, route);
        assert.equal(operation.tags.length, 1, route);
        const { body, status = 200, response, params = {}, query = {} } = examples[route]!;
        const answer = operation.responses[status];
        assert.ok(answer, `${route} documents no answer ${status}`);
        if (response !== undefined) assert.ok(answer.content["application/json"].example, `${route} has no example`);
        assert.ok(operation.responses["4XX"], route);
        if (body !== undefined && operation.requestBody !== undefined) {
          assert.ok(operation.requestBody.content["application/json"].example, `${route}: no example of its body`);
        }
        const named: string[] = (operation.parameters ?? [])
          .filter((one: Json) => one.schema.examples !== undefined || one.example !== undefined)
          .map((one: Json) => one.name);
        assert.deepEqual(new Set(named), new Set([...Object.keys(params), ...Object.keys(query)]), route);
      }
    });

    test("Every example is a real answer: played again, its status and shape are what is documented", async () => {
      for (const { route, operation } of documents.flatMap(operationsOf)) {
        const example = examples[route];
        assert.ok(example, `${route} has no example: add one in src/api/docs/examples/`);
        if (example.stream) {
          await beginsWithReady(route, operation);
          continue;
        }
        const { reply } = await play(world, route, example);
        const answered = `${route} answered ${reply.status}: ${JSON.stringify(reply.body, undefined, 2)}`;
        assert.equal(reply.status, example.status ?? 200, answered);
        const { content } = operation.responses[reply.status];
        const real = reply.body;
        if (content === undefined || example.response === undefined) {
          assert.deepEqual(real, route.includes(" /v1/") ? undefined : { status: "OK" }, answered);
          continue;
        }
        const { schema, example: documented } = content["application/json"];
        assert.deepEqual(shapeOf(real), shapeOf(documented), answered);
        if (!route.includes(" /v1/")) continue;
        for (const [what, value] of Object.entries({ "the answer": real, "its example": documented })) {
          assert.ok(
            Value.Check(schema, value),
            `${route}: ${what} is not of its schema. ${JSON.stringify(Value.Errors(schema, value))}`,
          );
        }
      }
    });

    const beginsWithReady = async (route: string, operation: Json) => {
      assert.ok(operation.responses[200].content["text/event-stream"], route);
      const { clientId, clientSecret } = world.client;
      const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
      const [, address = ""] = route.split(" ");
      const headers = { authorization, accept: "text/event-stream" };
      const stream = await openStream(world.bank.privateUrl + address, headers);
      await stream.until(({ event }) => event === "ready");
      stream.close();
    };

    test("What is documented is closed: answers of /v1, and their items, have no member that is not named", () => {
      for (const { route, operation } of operationsOf(documents[0])) {
        const content = operation.responses[examples[route]?.status ?? 200].content?.["application/json"];
        const { schema } = content ?? {};
        const item = schema?.properties?.items?.items;
        for (const one of [schema, item]) {
          if (one?.type === "object") assert.equal(one.additionalProperties, false, route);
        }
      }
    });

    test("The page is served from here alone, without scripts in it, and to no other site", async () => {
      const page = await fetch(`${world.bank.privateUrl}/docs/`);
      const html = await page.text();
      assert.equal(page.status, 200);
      assert.doesNotMatch(html, /https?:\/\//);
      assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/);
      const policy = page.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'; script-src 'self';/);
      for (const [, path = ""] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
        const part = await fetch(new URL(path, `${world.bank.privateUrl}/docs/`));
        assert.equal(part.status, 200, path);
        assert.equal(part.headers.get("content-security-policy"), policy, path);
        await part.arrayBuffer();
      }
      const foreign = await fetch(`${world.bank.privateUrl}/docs/`, { headers: { "sec-fetch-site": "cross-site" } });
      assert.equal(foreign.status, 403);
    });
  });
});
