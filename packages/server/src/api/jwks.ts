/** The keys that receipts and checkpoints verify with, retired ones included. */
import type { Deps } from "../deps.ts";
import type { Api } from "./surfaces.ts";

export const jwksPath = "/.well-known/countersign/jwks.json";

export function jwksRoutes(app: Api, deps: Pick<Deps, "signingKeys">): void {
  app.get(jwksPath, async (_request, reply) => {
    const { jwks } = await deps.signingKeys.current();
    return reply.type("application/jwk-set+json").header("cache-control", "public, max-age=300").send(jwks);
  });
}
