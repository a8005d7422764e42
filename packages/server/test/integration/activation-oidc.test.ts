/** Activations by OpenID Connect (PowerAuth, type DIRECT), against a real provider and against a forger. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { refused } from "../answers.ts";
import { type Bank, startBank, unique } from "../bank.ts";
import { createDevice, type DeviceSettings } from "../device.ts";
import {
  type Forger,
  type OpenIdClient,
  type OpenIdProvider,
  pkce,
  redirectUri,
  startForger,
  startOpenIdProvider,
} from "../openid-provider.ts";
import { activationRefused } from "../powerauth-answers.ts";
import { suiteOnEachStore } from "../store-suites.ts";

type App = DeviceSettings & { readonly applicationId: string };

suiteOnEachStore((_dialect, open) => {
  describe("Activation by OpenID Connect", () => {
    let bank: Bank;
    let provider: OpenIdProvider;
    let forger: Forger;
    let close: () => Promise<void>;

    before(async () => {
      const opened = await open();
      close = () => opened.close();
      bank = await startBank({ opened, config: { outboundAllow: ["127.0.0.0/8"] } });
      provider = await startOpenIdProvider();
      forger = await startForger();
    });
    after(async () => {
      await provider.close();
      await forger.close();
      await bank.close();
      await close();
    });

    /** An application whose users log in at the provider. */
    async function application(more: object = {}, client: OpenIdClient = provider.clients[0]!): Promise<App> {
      const app = await bank.application();
      await bank.done("/application/config/create", {
        applicationId: app.applicationId,
        key: "oauth2_providers",
        values: [
          {
            providerId: "bank-id",
            clientId: client.clientId,
            clientSecret: client.clientSecret,
            clientAuthenticationMethod: client.method,
            issuerUri: provider.issuer,
            redirectUri,
            scopes: "openid",
            ...more,
          },
        ],
      });
      return app;
    }

    const identity = (code: string, nonce: string, more: Record<string, string> = {}) =>
      ({
        type: "DIRECT",
        identityAttributes: { method: "oidc", providerId: "bank-id", code, nonce, ...more },
      }) as const;

    async function isRefused(app: App, attributes: ReturnType<typeof identity>): Promise<void> {
      const { answer } = await createDevice(app).requestActivation(attributes);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    }

    const activations = async (userId: string) =>
      (await bank.done("/activation/list", { userId })).activations as { activationStatus: string }[];

    for (const version of ["3.1", "3.2", "3.3"] as const) {
      test(`A ${version} device is ACTIVE for the subject of the ID token, and signs`, async () => {
        const app = await application();
        const login = `alice-${unique()}`;
        const code = await provider.logIn(provider.clients[0]!, login, "nonce-1");
        const device = createDevice({ ...app, version });
        const result = await device.activate(identity(code, "nonce-1"));
        assert.deepEqual(result.customAttributes, {});
        assert.equal((await device.status()).state, 3);
        assert.equal((await device.validate()).status, 200);
        const detail = await bank.done("/activation/status", { activationId: device.activationId });
        assert.deepEqual(
          [detail.userId, detail.applicationId, detail.activationStatus],
          [login, app.applicationId, "ACTIVE"],
        );
      });
    }

    test("With PKCE the verifier reaches the provider, and without it nobody is asked", async () => {
      const app = await application({ pkceEnabled: true });
      const [client] = provider.clients;
      const { verifier, challenge } = pkce();
      const code = await provider.logIn(client!, "bob", "n", challenge);
      await isRefused(app, identity(code, "n"));
      await isRefused(app, identity(code, "n", { codeVerifier: "too short" }));
      await createDevice(app).activate(identity(code, "n", { codeVerifier: verifier }));
      const other = await provider.logIn(client!, "bob", "n", challenge);
      await isRefused(app, identity(other, "n", { codeVerifier: pkce().verifier }));
    });

    test("Credentials in the body, for a client that the provider knows that way", async () => {
      const client = provider.clients[1]!;
      const code = await provider.logIn(client, "carol", "n");
      await createDevice(await application({}, client)).activate(identity(code, "n"));
    });

    test("A code is good once, and a recorded request asks nobody again", async () => {
      const app = await application();
      const code = await provider.logIn(provider.clients[0]!, "dave", "n");
      const device = createDevice(app);
      const recorded = await device.prepareActivation(identity(code, "n"));
      const send = () => device.post("/pa/v3/activation/create", recorded.body, recorded.headers);
      assert.equal((await send()).status, 200);
      assert.deepEqual((await send()).body, activationRefused);
      await isRefused(app, identity(code, "n"));
      assert.equal((await activations("dave")).length, 1);
    });

    test("Another nonce than the one of the log-in, another issuer, an unknown provider", async () => {
      const [client] = provider.clients;
      const logIn = () => provider.logIn(client!, "erin", "right");
      await isRefused(await application(), identity(await logIn(), "wrong"));
      const jwksUri = `${provider.issuer}/jwks`;
      const endpoints = { tokenUri: `${provider.issuer}/token`, jwksUri };
      await isRefused(
        await application({ issuerUri: "https://other.example", ...endpoints }),
        identity(await logIn(), "right"),
      );
      await isRefused(await application({ issuerUri: `${provider.issuer}/other` }), identity(await logIn(), "right"));
      await isRefused(await bank.application(), identity(await logIn(), "right"));
      await isRefused(await application({ signatureAlgorithm: "ES256" }), identity(await logIn(), "right"));
      assert.deepEqual(await activations("erin"), []);
      // With the same endpoints named one by one, all is well.
      await createDevice(await application(endpoints)).activate(identity(await logIn(), "right"));
    });

    for (const [title, attributes] of [
      ["another method", { method: "saml", providerId: "bank-id", code: "c", nonce: "n" }],
      ["no code", { method: "oidc", providerId: "bank-id", nonce: "n" }],
      ["an empty nonce", { method: "oidc", providerId: "bank-id", code: "c", nonce: "" }],
      ["no attributes", {}],
    ] as const) {
      test(`Refused with ${title}`, async () => {
        const { answer } = await createDevice(await application()).requestActivation({
          type: "DIRECT",
          identityAttributes: { ...attributes },
        });
        assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
      });
    }

    test("A provider that is down refuses the activation and nothing else", async () => {
      const gone = await startForger();
      await gone.close();
      const app = await application({ tokenUri: `${gone.url}/token`, jwksUri: `${gone.url}/jwks` });
      await isRefused(app, identity("code", "n"));
      await isRefused(await application({ issuerUri: gone.url }), identity("code", "n"));
      const { activationCode } = await bank.done("/activation/init", { userId: "u", applicationId: app.applicationId });
      await createDevice(app).activate(activationCode);
    });

    describe("What a forger says is refused", () => {
      let key: CryptoKey;
      let published: JWK;
      let app: App;
      const claims = () => {
        const now = Math.floor(Date.now() / 1000);
        return { iss: provider.issuer, aud: "client", sub: "mallory", nonce: "n", iat: now, exp: now + 60 };
      };
      const sign = (payload: object, by: CryptoKey | Uint8Array = key, alg = "RS256") =>
        new SignJWT({ ...payload }).setProtectedHeader({ alg }).sign(by);

      before(async () => {
        const pair = await generateKeyPair("RS256", { extractable: true });
        key = pair.privateKey;
        published = await exportJWK(pair.publicKey);
        forger.keys = [published];
        const client = { clientId: "client", clientSecret: "secret", method: "client_secret_basic" } as const;
        app = await application({ tokenUri: `${forger.url}/token`, jwksUri: `${forger.url}/jwks` }, client);
      });

      const cases: readonly [string, () => Promise<unknown>][] = [
        ["another audience", () => sign({ ...claims(), aud: "other" })],
        ["several audiences without saying for whom", () => sign({ ...claims(), aud: ["client", "other"] })],
        ["another authorized party", () => sign({ ...claims(), azp: "other" })],
        ["another issuer", () => sign({ ...claims(), iss: "https://other.example" })],
        ["expired", () => sign({ ...claims(), exp: claims().iat - 60 })],
        ["not yet valid", () => sign({ ...claims(), nbf: claims().iat + 600 })],
        ["without expiry", () => sign({ ...claims(), exp: undefined })],
        ["without nonce", () => sign({ ...claims(), nonce: undefined })],
        ["without subject", () => sign({ ...claims(), sub: undefined })],
        ["a subject nobody can be called", () => sign({ ...claims(), sub: "a\u0000b" })],
        ["a subject too long", () => sign({ ...claims(), sub: "x".repeat(256) })],
        ["algorithm none", async () => new UnsecuredJWT(claims()).encode()],
        ["signed with the client's secret", () => sign(claims(), Buffer.from("secret".padEnd(32, "x")), "HS256")],
        ["another key", async () => sign(claims(), (await generateKeyPair("RS256")).privateKey)],
        ["another hash of the access token", () => sign({ ...claims(), at_hash: "AAAAAAAAAAAAAAAAAAAAAA" })],
        [
          "a changed payload",
          async () => {
            const [header, , signature] = (await sign(claims())).split(".");
            return [
              header,
              Buffer.from(JSON.stringify({ ...claims(), sub: "admin" })).toString("base64url"),
              signature,
            ].join(".");
          },
        ],
        ["no token at all", async () => 7],
      ];
      for (const [title, token] of cases) {
        test(title, async () => {
          forger.answer = { access_token: "access", token_type: "Bearer", id_token: await token() };
          await isRefused(app, identity("code", "n"));
          assert.deepEqual(await activations("mallory"), []);
        });
      }

      test("an answer that is no JSON, and keys that are none", async () => {
        forger.answer = "<html>";
        await isRefused(app, identity("code", "n"));
        forger.answer = { access_token: "access", id_token: await sign(claims()) };
        forger.keys = undefined as never;
        await isRefused(app, identity("code", "n"));
        forger.keys = [published];
      });

      test("the same, honest: the exchange is as RFC 6749 has it, and the user is activated", async () => {
        const atHash = createHash("sha256").update("access").digest().subarray(0, 16).toString("base64url");
        const id_token = await sign({ ...claims(), sub: "honest", aud: ["client"], azp: "client", at_hash: atHash });
        forger.answer = { access_token: "access", id_token };
        await createDevice(app).activate(identity("the code", "n"));
        const { authorization, form } = forger.received;
        assert.equal(authorization, `Basic ${Buffer.from("client:secret").toString("base64")}`);
        assert.deepEqual(Object.fromEntries(form!), {
          grant_type: "authorization_code",
          code: "the code",
          redirect_uri: redirectUri,
        });
        assert.equal((await activations("honest")).length, 1);
      });
    });

    test("An app learns where to send its user, never the secret (OIDC configuration)", async () => {
      const app = await application({ pkceEnabled: true });
      const ask = async (body: object, from: App = app) =>
        createDevice(from).encrypted("/api/config/oidc", encryptorIds.applicationGeneric, body);
      const { plain } = await ask({ providerId: "bank-id" });
      assert.deepEqual(plain, {
        providerId: "bank-id",
        clientId: provider.clients[0]!.clientId,
        scopes: "openid",
        authorizeUri: `${provider.issuer}/auth`,
        redirectUri,
        pkceEnabled: true,
      });
      const codeOf = async (answer: ReturnType<typeof ask>) => {
        const { status, body } = await answer;
        return [status, body.responseObject.code];
      };
      assert.deepEqual(await codeOf(ask({ providerId: "other" })), [400, "APPLICATION_CONFIGURATION_ERROR"]);
      assert.deepEqual(await codeOf(ask({ providerId: "bank-id" }, await bank.application())), [
        400,
        "APPLICATION_CONFIGURATION_ERROR",
      ]);
      assert.deepEqual(await codeOf(ask({})), [400, "INVALID_REQUEST"]);
      const plainBody = await createDevice(app).post("/api/config/oidc", JSON.stringify({ providerId: "bank-id" }));
      assert.deepEqual([plainBody.status, plainBody.body.responseObject.code], [400, "ERR_ENCRYPTION"]);
    });

    test("Application configuration: a round trip, for administrators only, with nothing in it that nobody reads", async () => {
      const { applicationId } = await application();
      const detail = () => bank.done("/application/config/detail", { applicationId });
      const first = await detail();
      assert.deepEqual(
        first.applicationConfigs.map((item: { key: string }) => item.key),
        ["oauth2_providers"],
      );
      assert.equal(first.applicationConfigs[0].values[0].clientSecret, provider.clients[0]!.clientSecret);

      const [value] = first.applicationConfigs[0].values;
      const create = (key: string, values: unknown, more: object = {}) =>
        bank.call("/application/config/create", { applicationId, key, values, ...more });
      for (const [key, values] of [
        ["fido2_aaguids_allowed", ["x"]],
        ["__proto__", [value]],
        ["oauth2_providers", []],
        ["oauth2_providers", [{ ...value, extra: 1 }]],
        ["oauth2_providers", [{ ...value, signatureAlgorithm: "HS256" }]],
        ["oauth2_providers", [{ ...value, signatureAlgorithm: "none" }]],
        ["oauth2_providers", [{ ...value, issuerUri: "file:///etc/passwd" }]],
        ["oauth2_providers", [value, value]],
        ["oauth2_providers", "x"],
        ["user_info", [{ provider: "REST" }]],
        ["custom_activation", [{ url: "https://bank.example", signingSecret: "short" }]],
        ["activation_transfer", [{ allowedTargetApplicationIds: ["a"], type: "COPY" }]],
        [
          "activation_transfer",
          [
            { allowedTargetApplicationIds: ["a"], type: "SPAWN" },
            { allowedTargetApplicationIds: ["a"], type: "MOVE" },
          ],
        ],
      ] as const) {
        refused(await create(key, values), "ERR0024");
      }
      refused(await create("oauth2_providers", [value], { applicationId: "none" }), "ERR0015");
      assert.deepEqual(await detail(), first);

      const second = { ...value, providerId: "second" };
      assert.deepEqual((await create("oauth2_providers", [second])).body.responseObject.values, [second]);
      assert.deepEqual((await detail()).applicationConfigs, [{ key: "oauth2_providers", values: [second] }]);
      const clerk = await bank.client(["integrate", "operate"]);
      for (const path of ["detail", "create", "remove"]) {
        const request = { applicationId, key: "oauth2_providers", values: [value] };
        refused(await bank.call(`/application/config/${path}`, request, clerk), "ERR0024", 403);
        const foreign = await bank.client(["admin"], ["another"]);
        refused(await bank.call(`/application/config/${path}`, request, foreign), "ERR0015");
      }
      await bank.done("/application/config/remove", { applicationId, key: "oauth2_providers" });
      assert.deepEqual((await detail()).applicationConfigs, []);

      const rows = await bank.store.read
        .selectFrom("audit_event")
        .select("payload")
        .where("type", "=", "application.configured")
        .execute();
      assert.ok(rows.length >= 3 && rows.every(({ payload }) => !payload!.includes(value.clientSecret)));
    });
  });
});
