/** A back end that is told of results instead of asking (CIBA §10.2, §10.3): what the server sends is what it takes. */
import assert from "node:assert/strict";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { after, before, describe, it } from "node:test";
import { PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { type CibaClient, cibaClient, OpenIdError, type Started } from "@countersign/relying-party/ciba";
import { makeCertificates, type Received, type Receiver, startReceiver } from "../../tools/receiver.ts";
import { application, openWorld, pin, stores, type World } from "../world.ts";

const certificates = makeCertificates();
setDefaultCACertificates([...getCACertificates("default"), certificates.authority]);

for (const store of await stores()) {
  describe(`results that are told on ${store.name}`, () => {
    let world: World;
    let shop: Receiver;

    before(async () => {
      world = await openWorld(store, { outboundAllow: ["127.0.0.0/8"] });
      await world.backOffice("/rest/v3/operation/template/create", {
        templateName: "login",
        operationType: "login",
        dataTemplate: "A1*N${bindingMessage}",
        signatureType: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expiration: 120,
      });
      shop = await startReceiver(certificates.server);
    });
    after(async () => {
      await shop.close();
      await world.close();
      await store.drop();
    });

    async function told(mode: "ping" | "push"): Promise<CibaClient> {
      const { client_id: clientId, client_secret: clientSecret } = await world.v1("POST", "/oidc-clients", {
        client_name: `shop by ${mode}`,
        countersign: { applications: [application], template: "login" },
        backchannel_token_delivery_mode: mode,
        backchannel_client_notification_endpoint: shop.url,
      });
      return cibaClient({ issuer: `${new URL(world.server.publicUrl).origin}/oidc`, clientId, clientSecret });
    }

    /** What the shop was sent once the person had answered, as its web server hands it on. */
    async function answered(ciba: CibaClient, user: string, answer: "approve" | "reject") {
      const device = await world.device(user);
      const started = await ciba.start({ user, bindingMessage: "A7K2", notified: true });
      const { operations } = device.createMobileToken();
      const [waiting] = await operations.getOperations();
      if (answer === "approve") await operations.authorize(waiting!, PowerAuthAuthentication.password(pin));
      else await operations.reject(waiting!, "UNEXPECTED_OPERATION");
      const isOurs = ({ body }: Received) => body.auth_req_id === started.authReqId;
      const [{ headers, text } = assert.fail("nothing came")] = await shop.until(1, isOurs);
      const notification = { authorization: headers.authorization, body: text };
      const find = async (id: string) => (id === started.authReqId ? started : undefined);
      return { started, notification, find };
    }

    const isCode = (code: string) => (error: unknown) => error instanceof OpenIdError && error.code === code;
    /** The same call with the token of another request. */
    const forged = (started: Started) => ({ ...started, notificationToken: `${started.notificationToken}x` });

    it("a ping names the request, whose approval is then fetched", async () => {
      const ciba = await told("ping");
      const { started, notification, find } = await answered(ciba, `ping ${store.name}`, "approve");
      await assert.rejects(
        ciba.receivePing(notification, async () => forged(started)),
        isCode("wrong-bearer"),
      );
      const pinged = await ciba.receivePing(notification, find);
      assert.equal(pinged, started);
      const approved = await ciba.fetch(pinged);
      assert.deepEqual([approved?.user, approved?.factors], [`ping ${store.name}`, ["possession", "knowledge"]]);
    });

    it("a push brings the approval itself, verified against its request and its access token", async () => {
      const ciba = await told("push");
      const { started, notification, find } = await answered(ciba, `push ${store.name}`, "approve");
      await assert.rejects(
        ciba.receivePush(notification, async () => forged(started)),
        isCode("wrong-bearer"),
      );
      const approved = await ciba.receivePush(notification, find);
      assert.deepEqual([approved.user, approved.evidence], [`push ${store.name}`, "powerauth"]);
      const swapped = JSON.stringify({ ...JSON.parse(notification.body), access_token: "another" });
      await assert.rejects(ciba.receivePush({ ...notification, body: swapped }, find), isCode("wrong-access-token"));
      const refused = await answered(ciba, `no push ${store.name}`, "reject");
      await assert.rejects(ciba.receivePush(refused.notification, refused.find), isCode("denied"));
    });
  });
}
