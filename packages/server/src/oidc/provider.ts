/** The OpenID provider, built when it is first asked for and again when its keys or types change. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Provider } from "oidc-provider";
import type { Deps } from "../deps.ts";
import { cancelRequest } from "./backchannel/cancel.ts";
import { pacing, tooOften } from "./backchannel/pace.ts";
import { mayRepeat, type PendingAnswer, pendingAnswers } from "./backchannel/pending-answers.ts";
import { deliverResult } from "./backchannel/deliver.ts";
import type { Channel } from "../notifications/delivery/channels.ts";
import type { ClientCheck } from "./clients/check.ts";
import {
  cancelGrant,
  compatibleCancelGrant,
  type ClientMetadata,
  pushDefect,
  readClientSettings,
  registered,
} from "./clients/client.ts";
import { type Invitation, inviteClients } from "./clients/registration.ts";
import { type ClientCertificate, rememberCertificate } from "./client-certificate.ts";
import { clientDefaults, configuration } from "./configuration.ts";
import { serveInteractions } from "./front/serve.ts";
import { bodyOf, withBody } from "./body.ts";
import { oneCommit } from "./one-commit.ts";
import { asForm } from "./compatibility.ts";
import { oidcPath } from "./path.ts";
import { metadataDefect } from "./profiles.ts";
import { readAuthorizationTypes } from "./details/authorization-types.ts";

export interface Oidc extends ClientCheck {
  /** Serves one request below the issuer's path. */
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>;
  /** Lets clients register themselves. */
  invite(invitation: Invitation): ReturnType<typeof inviteClients>;
  /** Tells a relying party the result it waits for. */
  readonly deliver: Channel;
}

/** Where `authorization_details` are read; elsewhere the types of the last look are good enough. */
const readsTypes = /^\/(backchannel|par|authorize|interaction|clients|\.well-known)/;

export interface Caller {
  readonly address: string;
  /** What it showed in the handshake, where TLS ends at a proxy that says so. */
  readonly certificate: ClientCertificate | undefined;
}

export function openIdProvider(deps: Deps): Oidc {
  let built: Built | undefined;
  const pace = pacing(() => performance.now());
  const pending = pendingAnswers(() => performance.now());
  deps.store.onCommit((news) => pending.committed(news));
  const callers = new WeakMap<IncomingMessage, string>();

  /** As everywhere: only who fails to say who it is has a budget. */
  async function limitStrangers(ctx: Context, next: () => Promise<void>): Promise<void> {
    await next();
    if (ctx.status !== 401 || deps.throttle.allow(callers.get(ctx.req) ?? "")) return;
    ctx.status = 429;
    ctx.set("retry-after", "60");
    ctx.body = { error: "temporarily_unavailable", error_description: "too many requests from this address" };
  }

  /** The request as the provider reads it; undefined where it is answered, or its caller went away. */
  async function unlessPending(request: IncomingMessage, response: ServerResponse) {
    const body = await bodyOf(request);
    if (body === undefined) return undefined;
    const known = pending.answer(request, body);
    if (known !== undefined) return answerAgain(response, known);
    const again = withBody(request, body);
    pending.follow(request, again);
    return again;
  }

  function answerAgain(response: ServerResponse, { authReqId, headers, description }: PendingAnswer): undefined {
    const waits = { error: "authorization_pending", error_description: description };
    const text = JSON.stringify(pace.isEarly(authReqId) ? tooOften : waits);
    response.writeHead(400, { ...headers, "content-length": Buffer.byteLength(text) }).end(text);
  }

  async function current(withTypes: boolean): Promise<Built> {
    const keys = (await deps.signingKeys.current()).providerKeys();
    const kids = keys.map(({ kid }) => kid).join(" ");
    if (built !== undefined && built.kids === kids && !withTypes) return built;
    const { types, revision } = await readAuthorizationTypes(deps);
    if (built?.kids !== kids || built?.revision !== revision) {
      const provider: Provider = new Provider(
        `${deps.publicUrl}${oidcPath}`,
        configuration(deps, { types, keys, provider: () => provider }),
      );
      // The host is set by our own route.
      provider.proxy = true;
      provider.use(limitStrangers);
      provider.use(pace.keep);
      provider.use(pending.remember);
      provider.use(oneCommit(deps));
      for (const grant of [cancelGrant, compatibleCancelGrant]) {
        provider.registerGrantType(grant, cancelRequest(deps), ["auth_req_id"]);
      }
      provider.use(serveInteractions(deps, provider, types));
      // Nothing of a browser is kept, not even its cookie.
      provider.on("authorization.success", ({ oidc }) => Object.assign(oidc.session ?? {}, { destroyed: true }));
      provider.on("server_error", (_ctx, error: Error) =>
        deps.log.error({ error: error.name }, "OpenID request failed"),
      );
      built = { kids, revision, provider, serve: provider.callback() };
    }
    return built;
  }

  return {
    async handle(original, response, { address, certificate }) {
      const repeats = mayRepeat(original) && certificate === undefined;
      const request = repeats ? await unlessPending(original, response) : original;
      if (request === undefined) return;
      const { serve } = await current(readsTypes.test(request.url ?? ""));
      const form = await asForm(request);
      callers.set(form, address);
      rememberCertificate(form, certificate);
      await serve(form, response);
    },
    invite: async (invitation) => inviteClients(deps, (await current(true)).provider, invitation),
    deliver: async (delivery) => deliverResult(deps, (await current(false)).provider, delivery),
    async defectOf(metadata) {
      const settings = readClientSettings(metadata.countersign);
      if (settings === undefined) return "countersign";
      const noPush = pushDefect(metadata);
      if (noPush !== undefined) return noPush;
      const defect = metadataDefect(settings.profile, { ...clientDefaults, ...metadata });
      if (defect !== undefined) return defect;
      const { provider } = await current(true);
      try {
        void new (provider.Client as unknown as new (metadata: ClientMetadata) => unknown)(registered(metadata));
        return undefined;
      } catch (error) {
        const { error_description: text } = error as { readonly error_description?: string };
        if (text === undefined) throw error;
        return memberFirst(text, metadata);
      }
    },
  };
}

/** The provider's sentences begin with the member that is wrong; ours set it off. They have rules, never values. */
function memberFirst(text: string, metadata: object): string {
  const [, member, rule] = /^([a-z_]+)(?:\[[^\]]*\])? (.+)$/.exec(text) ?? [];
  const named = member !== undefined && (member.includes("_") || Object.hasOwn(metadata, member));
  return named ? `${member} - ${rule}` : text;
}

interface Built {
  readonly kids: string;
  readonly revision: string;
  readonly provider: Provider;
  readonly serve: Serve;
}

type Context = Parameters<Parameters<Provider["use"]>[0]>[0];
type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
