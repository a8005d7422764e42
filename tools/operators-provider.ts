/** An OpenID provider for operators: the real `oidc-provider`, whose ID tokens say in which groups somebody is. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

export const operatorsClient = { clientId: "countersign-console", clientSecret: "a secret of the console" } as const;

/** Groups of each user, by name. */
const groups: Readonly<Record<string, readonly string[]>> = {
  ada: ["staff", "console-admins"],
  otto: ["console-operators"],
  both: ["console-operators", "console-admins"],
  mallory: ["staff"],
};

export interface OperatorsProvider {
  readonly issuer: string;
  /** Opens it, once it is known where people come back to. */
  open(redirectUri: string): void;
  close(): Promise<void>;
}

/** `host`: another site than the console's, for a browser. */
export async function startOperatorsProvider(host = "127.0.0.1"): Promise<OperatorsProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" };
  return {
    issuer,
    open(redirectUri) {
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: operatorsClient.clientId,
            client_secret: operatorsClient.clientSecret,
            application_type: "native",
            redirect_uris: [redirectUri],
            grant_types: ["authorization_code"],
            response_types: ["code"],
          },
        ],
        jwks: { keys: [jwk] },
        cookies: { keys: [randomBytes(16).toString("hex")] },
        claims: { openid: ["sub"], groups: ["groups"] },
        conformIdTokenClaims: false,
        findAccount: (_context, id) => ({
          accountId: id,
          claims: async () => ({ sub: id, ...(groups[id] !== undefined && { groups: [...groups[id]] }) }),
        }),
      });
      const answer = provider.callback();
      server.on("request", (request, response) => void answer(request, response));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface OperatorSettings {
  name: string;
  issuer: string;
  clientId: string;
  clientSecret: string;
  clientAuthentication: "client_secret_basic";
  algorithm: "RS256";
  scopes: string;
  rules: { claim: string; value: string; permissions: ("admin" | "operate" | "decide")[]; applications?: string[] }[];
}

/** What a server has to be told to let these operators in. */
export function operatorSettings(issuer: string): OperatorSettings {
  return {
    name: "Bank ID",
    issuer,
    ...operatorsClient,
    clientAuthentication: "client_secret_basic",
    algorithm: "RS256",
    scopes: "openid groups",
    rules: [
      { claim: "groups", value: "console-operators", permissions: ["operate"], applications: ["bank"] },
      { claim: "groups", value: "console-admins", permissions: ["admin"] },
      { claim: "sub", value: "root", permissions: ["admin", "decide"] },
    ],
  };
}
