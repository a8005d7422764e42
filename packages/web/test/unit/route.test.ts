import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, readRoute, type Route } from "../../src/authenticator/shell/route.ts";

test("every place of the page has an address that leads back to it, whatever the ids are", () => {
  const routes: readonly Route[] = [
    { at: "approvals" },
    { at: "scan" },
    { at: "add", by: "link" },
    { at: "operation", account: "a/b", id: "ě č%" },
    { at: "message", account: "1", id: "2" },
    { at: "account", account: "x y" },
  ];
  for (const route of routes) assert.deepEqual(readRoute(addressOf(route)), route);
});

test("an address that somebody made up leads to the first page", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/operation", "#/operation/a", "#/account/", "#/%", "#oid=1"]) {
    assert.deepEqual(readRoute(hash), { at: "approvals" }, hash);
  }
});
