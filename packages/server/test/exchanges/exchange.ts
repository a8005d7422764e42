/**
 * Exchanges of `/rest/v3` as data: what is sent, and what must come back, member by member. An answer fits its shape
 * when it has exactly those members, each of the type and format that the shape names.
 */
import assert from "node:assert/strict";
import { fromBase64 } from "@countersign/protocol/bytes";
import type { Bank, Credentials, Json, Reply } from "../bank.ts";
import type { Device, DeviceSettings } from "../device.ts";

/** What the rows of a table share; each may add to `kept`. */
export interface Scene {
  readonly bank: Bank;
  /** May decide as well. */
  readonly decider: Credentials;
  readonly app: DeviceSettings & { readonly applicationId: string };
  readonly user: string;
  readonly device: Device;
  readonly kept: Record<string, Json>;
}

export interface Exchange {
  readonly path: string;
  /** The request object, or a promise of it. */
  readonly request: (scene: Scene) => Json;
  /** Shape of the response object, `nothing`, or the code of the error. */
  readonly answer: Shape | ((scene: Scene) => Shape);
  readonly by?: "decider";
  readonly keep?: (answer: Json, scene: Scene) => void;
}

export type Shape = Check | string | number | boolean | null | readonly [Shape] | { readonly [member: string]: Shape };

export interface Check {
  readonly is: string;
  readonly fits: (value: unknown) => boolean;
}

const check = (is: string, fits: (value: unknown) => boolean): Check => ({ is, fits });
const matching = (is: string, pattern: RegExp) =>
  check(is, (value) => typeof value === "string" && pattern.test(value));

export const uuid = matching("UUID", /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
/** ISO 8601 with milliseconds and an offset with a colon. */
export const date = matching("date", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
export const text = check("text", (value) => typeof value === "string");
export const long = check("integer", Number.isSafeInteger);
export const bool = check("boolean", (value) => typeof value === "boolean");
export const activationCode = matching("activation code", /^([A-Z2-7]{5}-){3}[A-Z2-7]{5}$/);
export const digits = matching("digits", /^\d+$/);
export const empty = check("an empty list", (value) => Array.isArray(value) && value.length === 0);
export const nothing = check("nothing", (value) => value === undefined);
export const object = check("object", (value) => typeof value === "object" && value !== null && !Array.isArray(value));
export const base64 = (bytes?: number) =>
  check(`Base64 of ${bytes ?? "some"} bytes`, (value) => {
    const decoded = typeof value === "string" ? fromBase64(value) : undefined;
    return decoded !== undefined && (bytes === undefined || decoded.length === bytes);
  });
export const list = (...items: readonly string[]) =>
  check(`[${items.join()}]`, (value) => JSON.stringify(value) === JSON.stringify(items));
export const orNull = (shape: Check) => check(`${shape.is} or null`, (value) => value === null || shape.fits(value));

/** The code of a refusal: HTTP 400 and an envelope with code, message and its localised text. */
export const error = (code: string): Check => ({ is: `error ${code}`, fits: () => false });

export async function play(scene: Scene, exchanges: readonly Exchange[]): Promise<void> {
  for (const { path, request, answer, by, keep } of exchanges) {
    const shape = typeof answer === "function" ? answer(scene) : answer;
    const sent = await request(scene);
    const reply = await scene.bank.call(path, sent, by === "decider" ? scene.decider : undefined);
    const expected = isCheck(shape) && shape.is.startsWith("error ") ? shape.is.slice(6) : undefined;
    const title = `${path} ${JSON.stringify(sent)} → ${JSON.stringify(reply.body)}`;
    if (expected !== undefined) assertError(reply, expected, title);
    else {
      assert.deepEqual([reply.status, reply.body.status], [200, "OK"], title);
      assertFits(reply.body.responseObject, shape, path);
      keep?.(reply.body.responseObject, scene);
    }
  }
}

function assertError({ status, body }: Reply, code: string, title: string): void {
  assert.deepEqual([status, body.status, body.responseObject.code], [400, "ERROR", code], title);
  assertFits(body.responseObject, { code, message: text, localizedMessage: text }, title);
}

export function assertFits(value: Json, shape: Shape, place: string): void {
  if (isCheck(shape)) return assert.ok(shape.fits(value), `${place} is no ${shape.is}: ${JSON.stringify(value)}`);
  if (typeof shape !== "object" || shape === null) return assert.deepEqual(value, shape, place);
  if (Array.isArray(shape)) {
    assert.ok(Array.isArray(value) && value.length > 0, `${place} is no list with items: ${JSON.stringify(value)}`);
    return value.forEach((item: Json, at: number) => assertFits(item, shape[0], `${place}[${at}]`));
  }
  assert.deepEqual(Object.keys(value).sort(), Object.keys(shape).sort(), `${place}: ${JSON.stringify(value)}`);
  for (const [member, of] of Object.entries(shape)) assertFits(value[member], of, `${place}.${member}`);
}

function isCheck(shape: Shape): shape is Check {
  return typeof shape === "object" && shape !== null && "fits" in shape && typeof shape.fits === "function";
}
