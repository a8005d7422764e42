import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import { readTokenHeader } from "@countersign/protocol/powerauth/headers";
import { PowerAuthError } from "../../src/mobile-token/index.ts";
import { activationOf, activeDevice, pin, possession, withPin, type TestDevice } from "../device.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const creations = ({ peer }: TestDevice) => peer.paths().filter((path) => path === "/pa/v3/token/create").length;

describe("PowerAuthTokenStore", () => {
  test("asks the server once per name; afterwards a wrong password is not even looked at", async () => {
    const device = await activeDevice();
    const { tokenStore } = device.powerAuth;
    const token = await tokenStore.requestAccessToken("list", withPin());
    assert.ok(device.peer.tokens.has(token.tokenIdentifier));
    assert.deepEqual(Object.keys(token).sort(), ["tokenIdentifier", "tokenName"]);
    assert.deepEqual(await tokenStore.requestAccessToken("list", withPin("0000")), token);
    assert.deepEqual(await tokenStore.getLocalToken("list"), token);
    assert.equal(creations(device), 1);
    assert.equal(activationOf(device.peer).ctr, 1);
  });

  test("merges parallel requests of one name, and refuses one with other factors as WRONG_PARAMETER", async () => {
    const device = await activeDevice();
    const { tokenStore } = device.powerAuth;
    const requests = Array.from({ length: 5 }, () => tokenStore.requestAccessToken("a", possession()));
    await new Promise((resolve) => setTimeout(resolve, 0));
    await assert.rejects(tokenStore.requestAccessToken("a", withPin()), fails("WRONG_PARAMETER"));
    const ids = new Set((await Promise.all(requests)).map(({ tokenIdentifier }) => tokenIdentifier));
    assert.equal(ids.size, 1);
    assert.equal(creations(device), 1);
    await assert.rejects(tokenStore.requestAccessToken("a", withPin()), fails("WRONG_PARAMETER"));
    await tokenStore.requestAccessToken("b", withPin());
    assert.equal(creations(device), 2);
  });

  test("parallel requests of one name fail together, and other factors are refused without waiting for them", async () => {
    const device = await activeDevice();
    const { tokenStore } = device.powerAuth;
    let answer: (response: Response) => void = () => undefined;
    let asked = 0;
    const reached = Promise.withResolvers<void>();
    device.peer.intercept = (path) => {
      if (path !== "/pa/v3/token/create") return undefined;
      asked++;
      reached.resolve();
      return new Promise((resolve) => (answer = resolve));
    };
    const requests = Array.from({ length: 3 }, () => tokenStore.requestAccessToken("a", possession()));
    const failures = Promise.all(requests.map((request) => assert.rejects(request, fails("RESPONSE_ERROR"))));
    await reached.promise;
    await assert.rejects(tokenStore.requestAccessToken("a", withPin()), fails("WRONG_PARAMETER"));
    answer(new Response("", { status: 503 }));
    await failures;
    assert.equal(asked, 1);
  });

  test("makes headers that verify, fresh each time, without a counter value", async () => {
    const device = await activeDevice();
    const { tokenStore } = device.powerAuth;
    await tokenStore.requestAccessToken("a", possession());
    const headers = await Promise.all(Array.from({ length: 4 }, () => tokenStore.generateHeaderForToken("a")));
    assert.equal(new Set(headers.map(({ value }) => value)).size, 4);
    for (const { key, name, value } of headers) {
      assert.equal(key, "X-PowerAuth-Token");
      assert.equal(name, key);
      assert.ok(!isFailure(readTokenHeader(value)));
      const response = await device.peer.fetch(`${device.peer.baseEndpointUrl}/api/auth/token/app/operation/list`, {
        body: "{}",
        headers: { [key]: value },
      });
      assert.equal(response.status, 200);
    }
    assert.equal(activationOf(device.peer).ctr, 1);
  });

  test("removes a token on the server first: on failure the local one stays", async () => {
    const device = await activeDevice();
    const { tokenStore } = device.powerAuth;
    const { tokenIdentifier } = await tokenStore.requestAccessToken("a", possession());
    device.peer.intercept = (path) => (path.endsWith("/remove") ? new Response("", { status: 500 }) : undefined);
    await assert.rejects(tokenStore.removeAccessToken("a"), fails("RESPONSE_ERROR"));
    assert.equal(await tokenStore.hasLocalToken("a"), true);
    device.peer.intercept = () => undefined;
    await tokenStore.removeAccessToken("a");
    assert.equal(await tokenStore.hasLocalToken("a"), false);
    assert.equal(device.peer.tokens.has(tokenIdentifier), false);
    await assert.rejects(tokenStore.removeAccessToken("a"), fails("INVALID_TOKEN"));
  });

  test("forgets tokens locally by name or all at once; unknown names are no error, unknown headers are", async () => {
    const { powerAuth, peer } = await activeDevice();
    const { tokenStore } = powerAuth;
    for (const name of ["a", "b", "c"]) await tokenStore.requestAccessToken(name, possession());
    await tokenStore.removeLocalToken("a");
    await tokenStore.removeLocalToken("never there");
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((name) => tokenStore.hasLocalToken(name))), [
      false,
      true,
      true,
    ]);
    await tokenStore.removeAllLocalTokens();
    assert.equal(await tokenStore.hasLocalToken("c"), false);
    assert.equal(peer.tokens.size, 3);
    await assert.rejects(tokenStore.getLocalToken("c"), fails("LOCAL_TOKEN_NOT_AVAILABLE"));
    await assert.rejects(tokenStore.generateHeaderForToken("c"), fails("LOCAL_TOKEN_NOT_AVAILABLE"));
  });

  test("local removal of the activation takes the tokens along", async () => {
    const { powerAuth } = await activeDevice();
    await powerAuth.tokenStore.requestAccessToken("a", possession());
    await powerAuth.removeActivationLocal();
    assert.equal(await powerAuth.tokenStore.hasLocalToken("a"), false);
  });

  test("a token that belongs to another activation proves nothing: CANNOT_GENERATE_TOKEN", async () => {
    const { powerAuth, storage } = await activeDevice();
    await powerAuth.tokenStore.requestAccessToken("a", possession());
    const name = `${powerAuth.instanceId}/tokens`;
    const record = JSON.parse(Buffer.from((await storage.get(name))!).toString()) as {
      tokens: { activationId: string }[];
    };
    record.tokens[0]!.activationId = "another";
    await storage.set(name, Buffer.from(JSON.stringify(record)));
    await assert.rejects(powerAuth.tokenStore.generateHeaderForToken("a"), fails("CANNOT_GENERATE_TOKEN"));
    await powerAuth.tokenStore.requestAccessToken("a", possession());
    await powerAuth.tokenStore.generateHeaderForToken("a");
  });

  test("an unreadable token record counts as no token", async () => {
    const { powerAuth, storage } = await activeDevice();
    await storage.set(`${powerAuth.instanceId}/tokens`, Buffer.from('{"tokens":[{"name":"a"},7,null]} '));
    assert.equal(await powerAuth.tokenStore.hasLocalToken("a"), false);
    await storage.set(`${powerAuth.instanceId}/tokens`, Buffer.from("no JSON"));
    await powerAuth.tokenStore.requestAccessToken("a", possession());
    await powerAuth.validatePassword(pin);
  });
});
