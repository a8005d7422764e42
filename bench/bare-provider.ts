/**
 * The anchor: oidc-provider by itself, with the settings of ours, records in memory, and a person who has approved before
 * the request is answered. Run as a process of its own; prints its port.
 */
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { type Adapter, type AdapterPayload, Provider } from "oidc-provider";

const ciba = "urn:openid:params:grant-type:ciba";
const kept = new Map<string, AdapterPayload>();

function memory(model: string): Adapter {
  const at = (id: string) => `${model}:${id}`;
  const never = () => Promise.resolve(undefined);
  return {
    find: (id) => Promise.resolve(kept.get(at(id))),
    upsert: async (id, payload) => void kept.set(at(id), payload),
    consume: async (id) => void Object.assign(kept.get(at(id)) ?? {}, { consumed: Math.floor(Date.now() / 1000) }),
    destroy: async (id) => void kept.delete(at(id)),
    findByUid: never,
    findByUserCode: never,
    revokeByGrantId: () => Promise.resolve(),
  };
}

const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "bench" };
const provider: Provider = new Provider("http://localhost/oidc", {
  adapter: memory,
  jwks: { keys: [jwk] },
  clients: [
    {
      client_id: "bench",
      client_secret: "bench-secret-of-at-least-32-characters",
      grant_types: [ciba],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: "ES256",
      backchannel_token_delivery_mode: "poll",
    },
  ],
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  claims: { openid: ["sub", "acr", "amr", "auth_time"] },
  conformIdTokenClaims: false,
  enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
  cookies: { keys: ["bench"] },
  ttl: { BackchannelAuthenticationRequest: 120, AccessToken: 600, Grant: 86_400, IdToken: 600 },
  routes: { backchannel_authentication: "/backchannel", token: "/token" },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    claimsParameter: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1) },
    requestObjects: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    ciba: {
      enabled: true,
      deliveryModes: ["poll"],
      processLoginHint: (_ctx, hint) => hint,
      verifyUserCode: () => undefined,
      validateBindingMessage: () => undefined,
      validateRequestContext: () => undefined,
      async triggerAuthenticationDevice(_ctx, request, _account, client) {
        // Who asks for `pending` is never answered: for polls.
        const approves = request.accountId !== "pending";
        if (request.accountId === undefined || !approves) return;
        const grant = new provider.Grant({ accountId: request.accountId, clientId: client.clientId });
        grant.addOIDCScope("openid");
        await grant.save();
        const proof = { acr: "urn:bench", amr: ["pop", "pin", "mfa"], authTime: Math.floor(Date.now() / 1000) };
        await provider.backchannelResult(request, grant, proof);
      },
    },
  },
});
const serve = provider.callback();
const server = createServer((request, response) => void serve(request, response));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null)
    process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
});
