/** What answers of `/rest/v3` are held against. */
import assert from "node:assert/strict";
import type { Reply } from "./bank.ts";

/** An error envelope with this code. */
export function refused(reply: Reply, code: string, status = 400): void {
  assert.deepEqual([reply.status, reply.body.status, reply.body.responseObject.code], [status, "ERROR", code]);
  assert.deepEqual(Object.keys(reply.body.responseObject).sort(), ["code", "localizedMessage", "message"]);
}

/** Exactly these members, named in alphabetical order. */
export function members(value: object, names: string): void {
  assert.equal(Object.keys(value).sort().join(" "), names);
}
