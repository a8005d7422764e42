/** What answers of `/v1` are held against. */
import assert from "node:assert/strict";
import type { Reply } from "./bank.ts";

/** Problem details with this code. */
export function problem(reply: Reply, status: number, code: string): void {
  const said = JSON.stringify(reply.body);
  assert.deepEqual([reply.status, reply.body?.status, reply.body?.code], [status, status, code], said);
  assert.match(reply.headers.get("content-type") ?? "", /^application\/problem\+json/);
}

/** The body of an answer with this status. */
export function body(reply: Reply, status = 200): Reply["body"] {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}
