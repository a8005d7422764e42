/** The routes of the private API as their own documents describe them, with rows for what the examples name. */
import { Value } from "typebox/value";
import { edited, type Edit, type Json, type Request } from "./requests.ts";

export interface Route {
  /** `POST /v1/operations` */
  readonly name: string;
  /** A request with these edits. */
  request(
    changes: readonly Edit[],
    pick: number,
  ): { readonly request: Omit<Request, "body">; readonly body: Json | undefined };
  /** Whether the documents allow such a body. */
  allows(body: Json | undefined): boolean;
  /** Learns ids from an answer. */
  learn(answer: Json): void;
}

// oxlint-disable-next-line no-explicit-any -- an OpenAPI document
type Document = any;

/** Left out: erasing reads the whole audit, however little it was asked to, and each rotation leaves a key for good. */
const leftOut = new Set(["POST /v1/audit/erase", "POST /v1/keys/rotate"]);

export function privateRoutes(documents: readonly Document[], authorization: string): Route[] {
  const pools = new Map<string, string[]>();
  return documents.flatMap((document) =>
    Object.entries(document.paths as Record<string, Document>).flatMap(([address, methods]) =>
      Object.entries(methods as Record<string, Document>)
        .map(([method, operation]) => routeOf(method.toUpperCase(), address, operation, authorization, pools))
        .filter(({ name }) => !leftOut.has(name)),
    ),
  );
}

function routeOf(
  method: string,
  address: string,
  operation: Document,
  authorization: string,
  pools: Map<string, string[]>,
): Route {
  const media = operation.requestBody?.content["application/json"];
  const parameters: Document[] = operation.parameters ?? [];
  const examples = (where: string): { [name: string]: Json } =>
    Object.fromEntries(
      parameters
        .filter((one) => one.in === where)
        .map((one) => [one.name, one.schema.examples?.[0] ?? one.example])
        .filter(([, example]) => example !== undefined),
    );
  const noun = address.split("/")[address.startsWith("/v1/") ? 2 : 3] ?? "";
  return {
    name: `${method} ${address}`,
    request(changes, pick) {
      const right: { [name: string]: Json } = {
        path: known(examples("path"), noun, pools, pick),
        query: known(examples("query"), noun, pools, pick),
        ...(media !== undefined && { body: known(media.example, noun, pools, pick) }),
      };
      const wrong = edited(right, changes);
      const { path, query, body } = (typeof wrong === "object" && wrong !== null ? wrong : {}) as {
        [name: string]: Json;
      };
      const places = (typeof path === "object" && path !== null ? path : {}) as { [name: string]: Json };
      return {
        request: {
          method,
          path: address.replaceAll(/\{(\w+)\}/g, (_, one: string) => encodeURIComponent(textOf(places[one]))),
          query: Object.fromEntries(
            Object.entries(typeof query === "object" && query !== null ? query : {}).map(([one, value]) => [
              one,
              textOf(value),
            ]),
          ),
          headers: { authorization },
        },
        body,
      };
    },
    allows: (body) => media === undefined || body === undefined || Value.Check(media.schema, body),
    learn(answer) {
      for (const [member, value] of membersOf(answer)) {
        const kind = kindOf(member, noun);
        if (kind === undefined || typeof value !== "string") continue;
        const pool = pools.get(kind) ?? [];
        if (pool.length < 200) pool.push(value);
        else pool[Math.floor(value.length * 7919 + pool.length) % 200] = value;
        pools.set(kind, pool);
      }
    },
  };
}

function textOf(value: Json | undefined): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  // What is longer than a header may be does not get as far as a route.
  return text.toWellFormed().slice(0, 1000) || "-";
}

/** Members whose values are learnt from answers, and used again. */
function kindOf(member: string, noun: string): string | undefined {
  if (/^(operation|activation|temporaryKey|token)Id$/.test(member)) return member.slice(0, -2);
  if (member === "id" && noun === "operations") return "operation";
  if (member === "id" && noun === "activations") return "activation";
  if (member === "id" && noun === "operation") return "operation";
  if (member === "activationCode" || member === "applicationKey") return member;
  return undefined;
}

/** Rows that exist in place of those that the example names; another user most of the time, so that no list grows long. */
function known(example: Json, noun: string, pools: ReadonlyMap<string, string[]>, pick: number): Json {
  if (Array.isArray(example)) return example.map((one) => known(one, noun, pools, pick));
  if (typeof example !== "object" || example === null) return example;
  return Object.fromEntries(
    Object.entries(example).map(([member, value]): [string, Json] => {
      // Waiting is no work.
      if (member === "waitSeconds") return [member, "0"];
      if (member === "userId") return [member, `user ${pick % 500}`];
      const pool = pools.get(kindOf(member, noun) ?? "");
      if (pool !== undefined && typeof value === "string") return [member, pool[pick % pool.length]!];
      return [member, known(value, noun, pools, pick)];
    }),
  );
}

function membersOf(value: Json, levels = 4): [string, Json][] {
  if (typeof value !== "object" || value === null || levels === 0) return [];
  return Object.entries(value).flatMap(([member, inner]): [string, Json][] => [
    [member, inner],
    ...membersOf(inner, levels - 1),
  ]);
}
