/** API clients: made once at the first start, let in by Basic credentials, kept to their permissions, out when removed. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify from "fastify";
import { Value } from "typebox/value";
import { type ApiClient, mayUse, permissions } from "../../src/accounts/api-client.ts";
import { authenticateBasic } from "../../src/accounts/authenticate.ts";
import { bootstrapClient } from "../../src/accounts/bootstrap.ts";
import { createApiClient } from "../../src/accounts/create.ts";
import { listApiClients } from "../../src/accounts/list.ts";
import { removeApiClient } from "../../src/accounts/remove.ts";
import { requireApiClient } from "../../src/api/credentials.ts";
import { type Api, parseJsonBodies, speakBackOffice } from "../../src/api/surfaces.ts";
import { type Config, configSchema } from "../../src/config.ts";
import { isRefusal } from "../../src/errors.ts";
import type { OpenedStore } from "../../src/store/open.ts";
import { addressThrottle } from "../../src/throttle.ts";
import { random } from "../device.ts";
import { done, id, refusalOf } from "../powerauth-server.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const basic = (clientId: string, secret: string) => `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}`;

suiteOnEachStore((_kind, open) => {
  describe("API clients", () => {
    let opened: OpenedStore;
    let directory: string;
    const config = Value.Default(configSchema, {}) as Config;
    const deps = () => ({ ...opened, config, random, throttle: addressThrottle(20, () => performance.now()) });
    before(async () => {
      opened = await open();
      directory = await mkdtemp(join(tmpdir(), "countersign-bootstrap-"));
    });
    after(async () => {
      await opened.close();
      await rm(directory, { recursive: true });
    });

    test("The first start makes one client, without the permission to decide, and a file only its owner reads", async () => {
      const more = { publicUrl: "http://127.0.0.1:1", privateUrl: "http://127.0.0.1:2" };
      const path = await bootstrapClient(deps(), directory, more);
      assert.equal(path, join(directory, "bootstrap.json"));
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      const { clientId, clientSecret, ...rest } = JSON.parse(await readFile(path, "utf8"));
      assert.deepEqual(rest, more);
      assert.equal(Buffer.from(clientSecret, "base64url").length, 32);
      const client = done<ApiClient>(await authenticateBasic(deps(), basic(clientId, clientSecret)));
      assert.deepEqual([...client.permissions].sort(), permissions.filter((one) => one !== "decide").sort());
      assert.ok(mayUse(client, "any"));
      assert.deepEqual(await readdir(directory), ["bootstrap.json"]);
    });

    test("No later start makes another one, touches the file, or brings a removed client back", async () => {
      const path = join(directory, "bootstrap.json");
      const content = await readFile(path, "utf8");
      await bootstrapClient(deps(), directory, { other: "x" });
      assert.equal(await readFile(path, "utf8"), content);
      const { clientId, clientSecret } = JSON.parse(content);
      done(await removeApiClient(deps(), { id: clientId }));
      await bootstrapClient(deps(), directory);
      assert.equal(refusalOf(await authenticateBasic(deps(), basic(clientId, clientSecret))), "unauthenticated");
      const elsewhere = await mkdtemp(join(tmpdir(), "countersign-second-node-"));
      await bootstrapClient(deps(), elsewhere);
      assert.deepEqual(await readdir(elsewhere), []);
      await rm(elsewhere, { recursive: true });
    });

    test("A start that died after it wrote the file goes on with the credentials in it", async () => {
      const other = await open();
      const place = await mkdtemp(join(tmpdir(), "countersign-died-"));
      const secret = Buffer.from(random(32)).toString("base64url");
      await writeFile(join(place, "bootstrap.json"), JSON.stringify({ clientId: "left-behind", clientSecret: secret }));
      await bootstrapClient({ ...other, random }, place);
      assert.ok(!isRefusal(await authenticateBasic(other, basic("left-behind", secret))));
      await other.close();
      await rm(place, { recursive: true });
    });

    test("Two nodes that start at once make one client, and only one of them has a file", async () => {
      const other = await open();
      const places = await Promise.all([1, 2, 3].map(() => mkdtemp(join(tmpdir(), "countersign-node-"))));
      await Promise.all(places.map((place) => bootstrapClient({ ...other, random }, place)));
      const files = (await Promise.all(places.map((place) => readdir(place)))).flat();
      assert.deepEqual(files, ["bootstrap.json"]);
      assert.equal((await listApiClients(other)).length, 1);
      await other.close();
      await Promise.all(places.map((place) => rm(place, { recursive: true })));
    });

    test("Credentials are one right pair: everything else is refused in the same way", async () => {
      const { clientId, clientSecret } = done(
        await createApiClient(deps(), { name: `c-${id()}`, permissions: ["operate"] }),
      );
      const [other] = [done(await createApiClient(deps(), { name: `c-${id()}`, permissions: [] }))];
      for (const header of [
        undefined,
        "",
        "Basic",
        "Basic ",
        "Bearer x",
        `Basic ${clientId}:${clientSecret}`,
        basic(clientId, `${clientSecret}x`),
        basic(clientId, clientSecret.slice(1)),
        basic(clientId, ""),
        basic("", clientSecret),
        basic(clientId, other.clientSecret),
        basic("nobody", clientSecret),
        basic(`${clientId}\u0000`, clientSecret),
        basic("x".repeat(100), clientSecret),
        `Basic ${"A".repeat(5000)}`,
      ]) {
        assert.equal(refusalOf(await authenticateBasic(deps(), header)), "unauthenticated", header);
      }
      const client = done<ApiClient>(
        await authenticateBasic(deps(), basic(clientId, clientSecret).replace("Basic", "basic")),
      );
      assert.deepEqual([client.id, [...client.permissions]], [clientId, ["operate"]]);
      const rows = await opened.store.read.selectFrom("api_client").selectAll().execute();
      assert.ok(!JSON.stringify(rows).includes(clientSecret), "only a hash is stored");
    });

    test("A list of applications limits; an empty one allows none", async () => {
      const one = done(
        await createApiClient(deps(), { name: `c-${id()}`, permissions: ["admin"], applications: ["a"] }),
      );
      const client = done<ApiClient>(await authenticateBasic(deps(), basic(one.clientId, one.clientSecret)));
      assert.deepEqual(
        [mayUse(client, "a"), mayUse(client, "b"), client.permissions.has("decide")],
        [true, false, false],
      );
      assert.ok(client.permissions.has("relying-party"));
      assert.equal(mayUse({ applications: new Set() }, "a"), false);
    });

    test("Names are unique and permissions are of the closed set", async () => {
      const name = `c-${id()}`;
      done(await createApiClient(deps(), { name, permissions: ["decide"] }));
      assert.equal(refusalOf(await createApiClient(deps(), { name, permissions: [] })), "invalid-request");
      assert.equal(refusalOf(await createApiClient(deps(), { name: "", permissions: [] })), "invalid-request");
      const all = ["all"] as unknown as readonly "admin"[];
      assert.equal(
        refusalOf(await createApiClient(deps(), { name: `c-${id()}`, permissions: all })),
        "invalid-request",
      );
      assert.equal(refusalOf(await removeApiClient(deps(), { id: "nobody" })), "not-found");
    });

    test("Routes are open to those with their permission, closed without one, and a removed client is out at once", async () => {
      const app = fastify().withTypeProvider<TypeBoxTypeProvider>() as unknown as Api;
      parseJsonBodies(app);
      speakBackOffice(app);
      requireApiClient(app, deps());
      app.get("/admin", { config: { permission: "admin" } }, () => ({}));
      app.get("/either", { config: { permission: ["decide", "operate"] } }, () => ({}));
      app.get("/undeclared", () => ({}));
      const { clientId, clientSecret } = done(
        await createApiClient(deps(), { name: `c-${id()}`, permissions: ["operate"] }),
      );
      const get = async (url: string, authorization?: string) => {
        const reply = await app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
        return reply;
      };
      const credentials = basic(clientId, clientSecret);
      assert.equal((await get("/either", credentials)).statusCode, 200);
      assert.equal((await get("/admin", credentials)).statusCode, 403);
      assert.equal((await get("/undeclared", credentials)).statusCode, 403);
      assert.equal((await get("/nowhere", credentials)).statusCode, 404);
      const anonymous = await get("/either");
      assert.deepEqual([anonymous.statusCode, anonymous.headers["www-authenticate"]], [401, undefined]);
      assert.equal((await get("/nowhere")).statusCode, 401);
      done(await removeApiClient(deps(), { id: clientId }));
      assert.equal((await get("/either", credentials)).statusCode, 401);
      for (let tries = 0; tries < 30; tries++) await get("/either", basic("x", "y"));
      assert.equal((await get("/either", basic("x", "y"))).statusCode, 429);
      await app.close();
    });
  });
});
