/** Polls that wait, answered again: for how long, and what ends it. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { foundUndecided, mayRepeat, pendingAnswers } from "../../src/oidc/backchannel/pending-answers.ts";
import type { Hint } from "../../src/store/store.ts";

function polling() {
  let now = 0;
  let expired = false;
  const answers = pendingAnswers(() => now);
  const ask = (body = "auth_req_id=a") => {
    const req = { headers: { authorization: "Basic x" } } as IncomingMessage;
    return { req, known: answers.answer(req, Buffer.from(body)) };
  };
  return {
    wait: (seconds: number) => void (now += seconds * 1000),
    expire: () => void (expired = true),
    hear: (type: string, subject: string) =>
      answers.committed({ hints: [{ type, subject } as Hint], queued: false, missed: false }),
    miss: () => answers.committed({ hints: [], queued: false, missed: true }),
    /** Whether it was answered without a look; a look finds operation `o`, while `meanwhile` happens. */
    async poll(meanwhile = () => {}): Promise<boolean> {
      const { req, known } = ask();
      if (known !== undefined) return true;
      const body = { error: "authorization_pending", error_description: "wait" };
      const ctx = { req, body, response: { headers: { "cache-control": "no-store" } } };
      const request = {
        jti: "a",
        get isExpired() {
          return expired;
        },
      };
      const remember = answers.remember as unknown as (ctx: object, next: () => Promise<void>) => Promise<void>;
      await remember(ctx, async () => {
        foundUndecided({ req } as never, { operationId: "o", request } as never);
        meanwhile();
      });
      return false;
    },
    isKnown: (body?: string) => ask(body).known !== undefined,
  };
}

test("the same poll is answered again, another one is not", async () => {
  const { poll, isKnown } = polling();
  assert.equal(await poll(), false);
  assert.equal(await poll(), true);
  assert.equal(isKnown("auth_req_id=b"), false);
});

test("a change of the operation or of a client, missed news, its end, and ten seconds each ask for another look", async () => {
  for (const end of [
    ({ hear }: ReturnType<typeof polling>) => hear("operation.approved", "o"),
    ({ hear }: ReturnType<typeof polling>) => hear("oidc-client.removed", "c"),
    ({ miss }: ReturnType<typeof polling>) => miss(),
    ({ expire }: ReturnType<typeof polling>) => expire(),
    ({ wait }: ReturnType<typeof polling>) => wait(10),
  ]) {
    const all = polling();
    await all.poll();
    all.hear("operation.approved", "another");
    assert.equal(all.isKnown(), true);
    end(all);
    assert.equal(all.isKnown(), false, String(end));
  }
});

test("what changed while it was being looked at is not remembered", async () => {
  for (const [type, subject] of [
    ["operation.approved", "o"],
    ["oidc-client.changed", "c"],
  ] as const) {
    const all = polling();
    await all.poll(() => all.hear(type, subject));
    assert.equal(all.isKnown(), false, type);
    await all.poll(() => all.hear("operation.approved", "another"));
    assert.equal(all.isKnown(), true);
  }
});

test("however much is heard meanwhile, nothing that may have changed is remembered", async () => {
  const all = polling();
  await all.poll(() => {
    all.hear("operation.approved", "o");
    for (let at = 0; at < 10_001; at++) all.hear("operation.created", `${at}`);
  });
  assert.equal(all.isKnown(), false);
});

test("what is good once is never answered again", () => {
  const of = (headers: object, more: object = {}) =>
    mayRepeat({ method: "POST", url: "/token", headers: { "content-length": "10", ...headers }, ...more } as never);
  const authorization = "Basic x";
  assert.equal(of({ authorization }), true);
  assert.equal(of({}), false, "an assertion in the body");
  assert.equal(of({ authorization, dpop: "proof" }), false);
  assert.equal(of({ authorization }, { url: "/revoke" }), false);
});
