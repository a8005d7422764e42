/** How callbacks convince their receiver: Basic, OAuth 2, a client certificate, each against a real receiver (§3.9). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { refused } from "../answers.ts";
import { type Bank, startBank } from "../bank.ts";
import { about, base64, callbackCalls } from "../callback-calls.ts";
import { answer, makeCertificates, type Receiver, startReceiver } from "../../../../tools/receiver.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const certificates = makeCertificates();

suiteOnEachStore((kind, open) => {
  describe(`Authentication of callbacks on ${kind}`, () => {
    let bank: Bank;
    let receiver: Receiver;
    let app: Awaited<ReturnType<Bank["application"]>>;
    before(async () => {
      bank = await startBank({ opened: await open(), config: { outboundAllow: ["127.0.0.0/8"] } });
      receiver = await startReceiver();
      app = await bank.application();
    });
    after(async () => {
      await bank.close();
      await receiver.close();
    });

    const { register, remove, create, events, settled } = callbackCalls(() => ({ bank, receiver, app }));

    test("Basic: sent as it was given; the password is never shown, and stays through an update that does not name it", async () => {
      const authentication = { httpBasic: { enabled: true, username: "shop", password: "gehe:im ü" } };
      const made = await register({ authentication });
      assert.deepEqual(made.authentication, { httpBasic: { enabled: true, username: "shop", passwordSet: true } });
      const header = `Basic ${base64("shop:gehe:im ü")}`;
      const first = await create();
      assert.equal((await receiver.until(1, about(first.id)))[0]!.headers.authorization, header);

      const updated = await bank.done("/application/callback/update", {
        id: made.id,
        applicationId: app.applicationId,
        name: `${made.name} 2`,
        callbackUrl: `${receiver.url}/2`,
        type: made.type,
        attributes: ["userId"],
        authentication: { httpBasic: { enabled: true, username: "shop", password: null } },
        maxAttempts: 3,
        retentionPeriod: "P30D",
      });
      assert.deepEqual(
        [updated.name, updated.attributes, updated.maxAttempts, updated.retentionPeriod, updated.initialBackoff],
        [`${made.name} 2`, ["userId"], 3, "PT720H", "PT0.01S"],
      );
      assert.equal("signingSecret" in updated, false);
      const second = await create();
      const [told] = await receiver.until(1, about(second.id));
      assert.deepEqual([told!.path, told!.headers.authorization, told!.body.userId], ["/hook/2", header, "u"]);

      // Whoever does not know a secret cannot have it sent to another place.
      const elsewhere = { id: made.id, callbackUrl: "https://elsewhere.example/hook" };
      refused(await bank.call("/application/callback/update", elsewhere), "ERR0024");
      const known = {
        ...elsewhere,
        authentication: { httpBasic: { enabled: true, username: "shop", password: "new" } },
      };
      assert.equal((await bank.call("/application/callback/update", known)).status, 200);
      const off = await bank.done("/application/callback/update", {
        id: made.id,
        authentication: { httpBasic: { enabled: false, username: "", password: "" } },
      });
      assert.deepEqual(off.authentication, { httpBasic: { enabled: false, username: "", passwordSet: false } });
      const { callbackUrlList } = await bank.done("/application/callback/list", { applicationId: app.applicationId });
      assert.doesNotMatch(JSON.stringify(callbackUrlList), /gehe|whsec_/);
      await remove(made.id);
    });

    test("OAuth 2: one token for many deliveries, fetched again after 401, and by Basic with encoded parts", async () => {
      const issuer = await startReceiver();
      let issued = 0;
      issuer.reply((_one, response) => {
        const body = JSON.stringify({ access_token: `token-${++issued}`, token_type: "Bearer", expires_in: 3600 });
        response.writeHead(200, { "content-type": "application/json" }).end(body);
      });
      const oAuth2 = { enabled: true, clientId: "a b", clientSecret: "s:%", tokenUri: issuer.url, scope: "hooks x" };
      const made = await register({ authentication: { oAuth2 } });
      const { clientSecret: _hidden, ...shown } = oAuth2;
      assert.deepEqual(made.authentication, { oAuth2: { ...shown, clientSecretSet: true } });
      const some = await Promise.all(Array.from({ length: 5 }, () => create()));
      for (const { id } of some) {
        const [told] = await receiver.until(1, about(id));
        assert.equal(told!.headers.authorization, "Bearer token-1");
      }
      assert.equal(issuer.received.length, 1);
      const [asked] = issuer.received;
      assert.equal(asked!.headers.authorization, `Basic ${base64("a+b:s%3A%25")}`);
      assert.deepEqual(Object.fromEntries(new URLSearchParams(asked!.text)), {
        grant_type: "client_credentials",
        scope: "hooks x",
      });
      const good = "Bearer token-2";
      receiver.reply((one, response) => void response.writeHead(one.headers.authorization === good ? 200 : 401).end());
      const later = await create();
      const both = await receiver.until(2, about(later.id));
      assert.deepEqual(
        both.map(({ headers }) => headers.authorization),
        ["Bearer token-1", good],
      );
      receiver.reply(answer(200));
      assert.equal(
        (await events(made.id)).every(({ lastFailure }) => lastFailure === null),
        true,
      );
      // An issuer that fails is the reason that is shown.
      issuer.reply(answer(400));
      receiver.reply(answer(401));
      await bank.done("/application/callback/update", { id: made.id, maxAttempts: 1 });
      await create();
      assert.equal((await settled(made.id, "DEAD")).lastFailure, "token-http-400");
      receiver.reply(answer(200));
      await remove(made.id);
      await issuer.close();
    });

    test("mTLS: our certificate from PEM or PKCS #12 content, theirs by an authority of one's own; without either, no delivery", async () => {
      const { authority, server, client } = certificates;
      const closed = await startReceiver({ ...server, clientAuthority: authority });
      const pem = base64(`${client.cert}${client.key}`);
      const trust = { enabled: true, useCustomTrustStore: true, trustStoreContent: base64(authority) };
      const identities = {
        pem: { ...trust, useCustomKeyStore: true, keyStoreContent: pem },
        p12: {
          ...trust,
          useCustomKeyStore: true,
          keyStoreContent: base64(client.p12),
          keyStorePassword: "secret",
        },
      };
      for (const [label, certificate] of Object.entries(identities)) {
        const made = await register({ callbackUrl: closed.url, authentication: { certificate } });
        assert.deepEqual(made.authentication.certificate, {
          enabled: true,
          useCustomKeyStore: true,
          useCustomTrustStore: true,
          keyStoreContentSet: true,
          keyStorePasswordSet: label === "p12",
          keyPasswordSet: false,
          trustStoreContentSet: true,
          trustStorePasswordSet: false,
        });
        const operation = await create();
        const [told] = await closed.until(1, about(operation.id));
        assert.equal(told!.client, "test client", label);
        await remove(made.id);
      }
      const seen = closed.received.length;
      const nobody = await register({
        callbackUrl: closed.url,
        maxAttempts: 1,
        authentication: { certificate: trust },
      });
      const untrusting = await register({ callbackUrl: closed.url, maxAttempts: 1 });
      await create();
      assert.ok(["tls-failed", "unreachable"].includes((await settled(nobody.id, "DEAD")).lastFailure));
      assert.equal((await settled(untrusting.id, "DEAD")).lastFailure, "tls-failed");
      assert.equal(closed.received.length, seen);
      for (const { id } of [nobody, untrusting]) await remove(id);
      await closed.close();
    });

    test("What cannot be used is refused when it is given, and changes nothing", async () => {
      const pem = base64(`${certificates.client.cert}${certificates.client.key}`);
      const key = { enabled: true, useCustomKeyStore: true };
      for (const authentication of [
        { httpBasic: { enabled: true, username: "a" } },
        { httpBasic: { enabled: true, username: "a:b", password: "c" } },
        { oAuth2: { enabled: true, clientId: "a", clientSecret: "b" } },
        { oAuth2: { enabled: true, clientId: "a", clientSecret: "b", tokenUri: "file:///etc/passwd" } },
        {
          httpBasic: { enabled: true, username: "a", password: "c" },
          oAuth2: { enabled: true, clientId: "a", clientSecret: "b", tokenUri: "https://a.example" },
        },
        { certificate: { ...key, keyStoreLocation: "/etc/countersign/key.jks" } },
        { certificate: key },
        { certificate: { ...key, keyStoreContent: base64("not a key") } },
        { certificate: { ...key, keyStoreContent: base64(certificates.client.cert) } },
        { certificate: { ...key, keyStoreContent: base64(certificates.client.p12), keyStorePassword: "wrong" } },
        { certificate: { ...key, keyStoreContent: pem, useCustomTrustStore: true, trustStoreContent: base64("x") } },
        { certificate: "yes" },
      ]) {
        const reply = await bank.call("/application/callback/create", {
          applicationId: app.applicationId,
          name: "wrong",
          callbackUrl: receiver.url,
          type: "OPERATION_STATUS_CHANGE",
          authentication,
        });
        refused(reply, "ERR0024");
      }
      for (const wrong of [
        { maxAttempts: 0 },
        { maxAttempts: "3" },
        { initialBackoff: "2 s" },
        { initialBackoff: "PT0S" },
        { initialBackoff: "P2D" },
        { retentionPeriod: -1 },
        { retentionPeriod: "P1Y" },
        { attributes: [1] },
      ]) {
        const made = { applicationId: app.applicationId, name: "wrong", callbackUrl: receiver.url };
        const reply = await bank.call("/application/callback/create", {
          ...made,
          type: "OPERATION_STATUS_CHANGE",
          ...wrong,
        });
        refused(reply, "ERR0024");
      }
      for (const path of ["update", "event/list", "event/replay", "secret/rotate"]) {
        refused(await bank.call(`/application/callback/${path}`, { id: "none" }), "ERR0024");
      }
      const foreign = await bank.client(["admin"], [(await bank.application()).applicationId]);
      const { id } = await register();
      for (const path of ["update", "event/list", "event/replay", "secret/rotate"]) {
        refused(await bank.call(`/application/callback/${path}`, { id }, foreign), "ERR0024");
      }
      await remove(id);
    });
  });
});
