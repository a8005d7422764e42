/** Plays one documented example: its values replaced by rows, its request sent, the answer beside what is documented. */
import type { Example } from "../src/api/docs/examples.ts";
import { type Json, type Reply, send } from "./bank.ts";
import { computed } from "./example-computed.ts";
import { replaced, replacements, type startExampleWorld } from "./example-world.ts";

type World = Awaited<ReturnType<typeof startExampleWorld>>;

export interface Played {
  /** As it was sent: the request object alone of a back-office call. */
  readonly request: Json;
  readonly reply: Reply;
  /** What the values of the example stood for. */
  readonly by: ReadonlyMap<unknown, unknown>;
}

/** `route` is method and address as declared, such as `GET /v1/operations/:id`. */
export async function play(
  world: World,
  route: string,
  example: Pick<Example, "params" | "query" | "body" | "whole">,
): Promise<Played> {
  const [method = "", address = ""] = route.split(" ");
  const scene = world.scene();
  const { params = {}, query = {}, body } = example;
  const by = await replacements(route, { params, query, body }, scene);
  const path = address.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(replaced(params[name], by)));
  const search = new URLSearchParams(replaced(query, by) as Record<string, string>).toString();
  const more = (await computed[route]?.(scene, by)) ?? {};
  for (const name of Object.keys(more)) {
    if (!Object.hasOwn(body as object, name)) throw new Error(`${route}: the example has no ${name}`);
  }
  const request = body === undefined ? undefined : { ...replaced(body, by), ...more };
  const enveloped = !address.startsWith("/v1/") && request !== undefined && !example.whole;
  const sent = enveloped ? { requestObject: request } : request;
  const url = `${world.bank.privateUrl}${path}${search === "" ? "" : `?${search}`}`;
  const text = sent === undefined ? undefined : JSON.stringify(sent);
  return { request, reply: await send(url, method, text, world.client), by };
}
