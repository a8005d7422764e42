/** The pace of polls, on a clock of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pacing } from "../../src/oidc/backchannel/pace.ts";

type Middleware = ReturnType<typeof pacing>["keep"];

function polling() {
  let now = 0;
  const pace = pacing(() => now);
  return {
    wait: (seconds: number) => void (now += seconds * 1000),
    async poll(id: string, error = "authorization_pending"): Promise<string> {
      const body = { error };
      const ctx = { oidc: { route: "token", params: { auth_req_id: id } }, body };
      await (pace.keep as unknown as (ctx: object, next: () => Promise<void>) => ReturnType<Middleware>)(
        ctx,
        async () => {},
      );
      return body.error;
    },
  };
}

test("polls within the interval are slowed down, and each of them makes the interval five seconds longer (CIBA §11)", async () => {
  const { wait, poll } = polling();
  assert.equal(await poll("a"), "authorization_pending");
  wait(4.9);
  assert.equal(await poll("a"), "slow_down");
  wait(9.9);
  assert.equal(await poll("a"), "slow_down", "ten seconds by now");
  wait(15);
  assert.equal(await poll("a"), "authorization_pending");
  wait(15);
  assert.equal(await poll("a"), "authorization_pending");
});

test("each request has a pace of its own, and a result is never held back", async () => {
  const { wait, poll } = polling();
  assert.equal(await poll("a"), "authorization_pending");
  assert.equal(await poll("b"), "authorization_pending");
  wait(1);
  for (const result of ["access_denied", "expired_token", "invalid_grant"])
    assert.equal(await poll("a", result), result);
});
