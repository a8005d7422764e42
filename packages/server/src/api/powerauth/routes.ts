/** The standard PowerAuth API, version 3: what every PowerAuth client expects of a server, whatever the app does. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { canonicalQuery, canonicalQueryDecodedTwice } from "@countersign/protocol/powerauth/canonical-query";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { utf8 } from "@countersign/protocol/bytes";
import type { FastifyRequest } from "fastify";
import { userInfo } from "../../activations/identity/user-info.ts";
import type { Deps } from "../../deps.ts";
import { claimEnvelope } from "../../encryption/envelope.ts";
import { isRefusal, orRefuse, RefusedError, refuse } from "../../errors.ts";
import { product } from "../../product.ts";
import { authenticate, type Authentication } from "../../signatures/authenticate.ts";
import { acceptedOrRefused, countUnproven, signatureHeaderOf, signedRequestOf } from "../device-request.ts";
import { openedOrRefused, sealedJson } from "../encrypted-request.ts";
import { powerAuthActivationRoutes, powerAuthRemovalRoute } from "./activation.ts";
import { powerAuthKeyRoutes } from "./keys.ts";
import { powerAuthTokenRoutes } from "./token.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

const anyFactors: readonly FactorCombination[] = [
  "possession",
  "possession_knowledge",
  "possession_biometry",
  "possession_knowledge_biometry",
];

export function powerAuthRoutes(app: Api, deps: Deps): void {
  powerAuthActivationRoutes(app, deps);
  powerAuthTokenRoutes(app, deps, anyFactors);
  powerAuthKeyRoutes(app, deps);

  app.post("/pa/v3/user/info", async (request) => {
    const opened = await openedOrRefused(deps, request, encryptorIds.activationGeneric);
    const claimed = await claimEnvelope(deps, opened);
    if (isRefusal(claimed)) throw new RefusedError(claimed);
    const { activation, now } = claimed;
    const { claims = {} } = orRefuse(await userInfo(deps, activation, "USER_INFO_ENDPOINT", now));
    return sealedJson(opened, claims, now);
  });

  void app.register(async (scope: Api) => {
    keepBodiesRaw(scope);
    powerAuthRemovalRoute(scope, deps);
    bodylessRoutes(scope, deps);
  });
}

/** Routes that sign, or ignore, bodies of any type. */
function bodylessRoutes(app: Api, deps: Deps): void {
  app.post("/pa/v3/status", async () => okEnvelope({ serverTime: await deps.store.now(), application: product }));

  app.route({
    method: ["GET", "POST", "PUT", "DELETE"],
    url: "/pa/v3/signature/validate",
    exposeHeadRoute: false,
    async handler(request) {
      await acceptedOrRefused(deps, request, await validated(deps, request));
      return okEnvelope();
    },
  });

  // Every activation here is of version 3, the highest: there is nothing to upgrade from or to.
  for (const step of ["start", "commit"]) {
    app.post(`/pa/v3/upgrade/${step}`, async () => {
      throw new RefusedError(refuse("upgrade-not-possible"));
    });
  }
}

/**
 * GET signs its query. Clients decode it once; the form that some servers see, decoded twice, is accepted too. Trying
 * both counts nothing twice: a form the device did not sign proves nothing.
 */
async function validated(deps: Deps, request: FastifyRequest): Promise<Authentication<undefined>> {
  const header = signatureHeaderOf(request);
  const validate = (body?: Uint8Array) => {
    const signed = signedRequestOf(request, header, "/pa/signature/validate", anyFactors, body);
    return authenticate<undefined>(deps, "public", signed, { accepted: () => ({ result: undefined }) });
  };
  if (request.method !== "GET") return validate();
  const query = /\?(.*)$/s.exec(request.raw.url ?? "")?.[1] ?? "";
  const once = canonicalQuery(query);
  const twice = canonicalQueryDecodedTwice(query);
  const first = once === undefined ? undefined : await validate(utf8(once));
  const proven = first !== undefined && (first.valid || first.proven);
  if (first !== undefined && (proven || twice === undefined || twice === once)) return first;
  if (twice !== undefined) return validate(utf8(twice));
  await countUnproven(deps, request);
  throw new RefusedError(refuse("signature-wrong"));
}

function keepBodiesRaw(app: Api): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    request.rawBody = body as Buffer;
    done(null, undefined);
  });
}
