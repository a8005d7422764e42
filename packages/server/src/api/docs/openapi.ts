/** OpenAPI 3.1 from the routes themselves: their schemas are what requests are checked with, their examples are played. */
import swagger from "@fastify/swagger";
import type { FastifySchema, RouteOptions } from "fastify";
import { product } from "../../product.ts";
import type { Api } from "../surfaces.ts";
import { problemSchema } from "../v1/members.ts";
import { type Example, examples } from "./examples.ts";

export interface Document {
  readonly title: string;
  readonly description: string;
  /** What errors look like. */
  readonly errors: "problem" | "envelope";
}

/** A document of the routes that are registered in this scope from now on; it is written when it is first asked for. */
export async function describeRoutes(scope: Api, document: Document): Promise<() => object> {
  await scope.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: document.title, description: document.description, version: product.version },
      components: {
        securitySchemes: {
          apiClient: { type: "http", scheme: "basic", description: "Id and secret of an API client" },
        },
      },
      security: [{ apiClient: [] }],
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: described(document, schema, url, route), url }),
  });
  return () => scope.swagger();
}

type Parts = Readonly<Record<string, object | undefined>>;

function described(
  document: Document,
  schema: FastifySchema | undefined,
  url: string,
  route: RouteOptions,
): FastifySchema {
  const example: Example | undefined = [route.method]
    .flat()
    .map((method) => examples[`${method} ${url}`])
    .find((one) => one !== undefined);
  const { params, querystring, body, response, ...rest } = (schema ?? {}) as Parts;
  const { permission = [] } = route.config ?? {};
  return {
    ...rest,
    tags: [nounOf(url)],
    ...(example !== undefined && { summary: example.summary }),
    description: `Permission: ${[permission].flat().join(" or ")}.`,
    ...(params !== undefined && { params: withMembers(params, example?.params) }),
    ...(querystring !== undefined && { querystring: withMembers(querystring, example?.query) }),
    ...(body !== undefined && { body: withExample(body, requestOf(document, example)) }),
    response: { ...answerOf(document, response, example), ...failuresOf(document) },
  };
}

/** `/v1/operations/:id` is about operations, `/rest/v3/application/list` about applications, `/push/…` about push. */
function nounOf(url: string): string {
  const [first = "", second = "", third = ""] = url.split("/").filter(Boolean);
  return first === "v1" ? second : first === "rest" ? third : first;
}

function requestOf({ errors }: Document, example: Example | undefined): unknown {
  if (example?.body === undefined) return undefined;
  return errors === "envelope" && !example.whole ? { requestObject: example.body } : example.body;
}

/** The answer that the example gives, with its schema where the route has one. */
function answerOf({ errors }: Document, response: object | undefined, example: Example | undefined): object {
  const schemas = (response ?? {}) as Readonly<Record<string, object>>;
  const status = example?.status ?? 200;
  const schema = schemas[status] ?? (errors === "envelope" ? { type: "object" } : { type: "null" });
  const responseObject = example?.response;
  const given =
    errors === "envelope" && !example?.whole
      ? { status: "OK", ...(responseObject !== undefined && { responseObject }) }
      : responseObject;
  if (example?.stream) return schemas;
  return { ...schemas, [status]: { description: "Done", ...withExample(schema, given) } };
}

function failuresOf({ errors }: Document): object {
  if (errors === "envelope") {
    return { "4XX": { description: "Refused: an envelope with `status` ERROR and a code", type: "object" } };
  }
  const content = { "application/problem+json": { schema: problemSchema } };
  return { "4XX": { description: "Refused: problem details (RFC 9457)", content } };
}

function withExample(schema: object, example: unknown): object {
  return example === undefined ? schema : { ...schema, examples: [example] };
}

/** Each member of path and query with its own example. */
function withMembers(schema: object, given: Readonly<Record<string, string>> = {}): object {
  const { properties = {}, ...rest } = schema as { readonly properties?: Readonly<Record<string, object>> };
  const members = Object.entries(properties).map(([name, member]) => [name, withExample(member, given[name])]);
  return { ...rest, properties: Object.fromEntries(members) };
}
