/** The whole wiring of the server, by hand, on one screen. */
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { LogController } from "fastify";
import type { Logger } from "pino";
import { join } from "node:path";
import { bootstrapClient } from "./accounts/bootstrap.ts";
import { consoleLogInRoutes } from "./api/console/log-in.ts";
import { consoleRoutes } from "./api/console/session.ts";
import { requireApiClient } from "./api/credentials.ts";
import { activationKeyCache } from "./activations/keys.ts";
import { describeRoutes } from "./api/docs/openapi.ts";
import { documentationRoutes } from "./api/docs/page.ts";
import { authenticatorRoutes } from "./api/authenticator.ts";
import { compileOnUse } from "./api/compile-on-use.ts";
import { allowOrigins } from "./api/cross-origin.ts";
import { backOfficeRoutes } from "./api/back-office/routes.ts";
import { healthRoutes } from "./api/health.ts";
import { oidcRoutes } from "./api/oidc.ts";
import { servePage } from "./api/pages.ts";
import { jwksRoutes } from "./api/jwks.ts";
import { liveRoutes } from "./api/live/devices.ts";
import { approveRoutes } from "./api/approve/routes.ts";
import { guardPrivateListener } from "./api/private-guard.ts";
import { appActivationRoutes } from "./api/mobile-token/activations.ts";
import { inboxRoutes } from "./api/mobile-token/inbox.ts";
import { mobileTokenRoutes } from "./api/mobile-token/operations.ts";
import { pushRoutes } from "./api/mobile-token/push.ts";
import { pushServerRoutes } from "./api/push-server/routes.ts";
import { powerAuthRoutes } from "./api/powerauth/routes.ts";
import { v1Routes } from "./api/v1/routes.ts";
import {
  answerUnknownAddress,
  answerUnknownAddresses,
  type Api,
  parseJsonBodies,
  speakBackOffice,
  speakMobileToken,
  speakPowerAuth,
  speakProblems,
} from "./api/surfaces.ts";
import { startCheckpoints } from "./audit/keep.ts";
import { versionCache } from "./applications/version.ts";
import type { Config } from "./config.ts";
import type { Deps } from "./deps.ts";
import { displayTemplateCache } from "./display/cache.ts";
import { clientStreams } from "./live/client-streams.ts";
import { liveStreams } from "./live/streams.ts";
import { createMetrics } from "./metrics.ts";
import { channels } from "./notifications/delivery/channels.ts";
import { startDelivery } from "./notifications/delivery/worker.ts";
import { outbound as outboundTo, outboundGuard } from "./outbound.ts";
import { openIdProvider } from "./oidc/provider.ts";
import { operationWatch } from "./operations/watch.ts";
import { pushSenders } from "./push/senders.ts";
import { fixPublicUrl } from "./public-url.ts";
import { inFlight } from "./signatures/in-flight.ts";
import type { OpenedStore } from "./store/open.ts";
import { startSweeper } from "./sweeper.ts";
import { tokenKeyCache } from "./tokens/keys.ts";
import { addressThrottle } from "./throttle.ts";

export interface ServerOptions {
  readonly config: Config;
  /** An opened store with what belongs to it; the server closes it. */
  readonly opened: OpenedStore;
  /** Where `bootstrap.json` goes. */
  readonly dataDirectory: string;
  /** Where the pages for people were built, a folder for each; they are served when it is given. */
  readonly pages?: string | undefined;
  readonly random: Deps["random"];
  readonly log: Logger;
}

export interface RunningServer {
  readonly publicUrl: string;
  readonly privateUrl: string;
  /** File with the credentials of the API client that the first start made. */
  readonly bootstrapPath: string;
  /** Stops taking requests, finishes those under way, writes a checkpoint, releases the data. */
  close(): Promise<void>;
}

export async function createServer(options: ServerOptions): Promise<RunningServer> {
  const { config, opened, random, log } = options;
  const { store, secrets, signingKeys } = opened;
  const publicUrl = await fixPublicUrl(store, config.publicUrl);
  const reach = { allow: config.outboundAllow };
  const outbound = outboundTo(reach);
  const liveLimits = { streams: config.liveStreams, seconds: config.liveSeconds };
  const deps: Deps = {
    config,
    get publicUrl() {
      return publicUrl.value();
    },
    store,
    secrets,
    signingKeys,
    crypto: nodeCrypto,
    random,
    log,
    outbound,
    pushSenders: pushSenders({ store, secrets, outbound, guard: outboundGuard(reach) }),
    throttle: addressThrottle(config.refusalsPerMinute, () => performance.now()),
    inFlight: inFlight(),
    operationWatch: operationWatch(),
    get oidc() {
      return oidc;
    },
    live: liveStreams(store, liveLimits),
    clientStreams: clientStreams({ store, secrets }, liveLimits),
    versions: versionCache(store, secrets),
    activationKeys: activationKeyCache(secrets, nodeCrypto),
    tokenKeys: tokenKeyCache(secrets, nodeCrypto),
    displayTemplates: displayTemplateCache(store),
  };
  const oidc = openIdProvider(deps);
  store.onCommit((news) => deps.operationWatch.committed(news));
  const metrics = createMetrics();
  const publicApp = await publicListener(deps, options.pages);
  const privateApp = await privateListener(deps, metrics.registry, options.pages);
  metrics.observe(publicApp, "public");
  metrics.observe(privateApp, "private");

  const closeListeners = async () => {
    deps.live.close();
    deps.clientStreams.close();
    await Promise.all([publicApp.close(), privateApp.close()]);
  };
  const { publicAddress, privateUrl } = await listen(publicApp, privateApp, config).catch(async (error: unknown) => {
    await closeListeners();
    throw error;
  });
  await publicUrl.fix(publicAddress);
  const bootstrapPath = await bootstrapClient(deps, options.dataDirectory, { publicUrl: publicAddress, privateUrl });
  const sweeper = startSweeper(deps);
  const delivery = startDelivery(deps, channels(deps));
  const checkpoints = startCheckpoints({
    store,
    signingKeys,
    file: join(options.dataDirectory, "checkpoints.jsonl"),
    intervalMs: config.checkpointSeconds * 1000,
    retentionMs: config.auditRetentionDays * 86_400_000,
    onError: (error) => log.error({ error: error instanceof Error ? error.name : "unknown" }, "checkpoint not made"),
  });

  return {
    publicUrl: publicAddress,
    privateUrl,
    bootstrapPath,
    async close() {
      deps.operationWatch.close();
      await closeListeners();
      await sweeper.stop();
      await delivery.stop();
      await checkpoints.stop();
      deps.pushSenders.close();
      await opened.close();
    },
  };
}

async function listen(publicApp: Api, privateApp: Api, config: Config) {
  const publicAddress = await publicApp.listen({ host: config.host, port: config.port });
  const privateUrl = await privateApp.listen({ host: config.privateHost, port: config.privatePort });
  return { publicAddress, privateUrl };
}

async function publicListener(deps: Deps, pages: string | undefined): Promise<Api> {
  // Deployed clients join base address and path with two slashes.
  const app = listener(deps, { ignoreDuplicateSlashes: true });
  allowOrigins(app, deps.config);
  speakMobileToken(app);
  healthRoutes(app, deps);
  jwksRoutes(app, deps);
  await app.register(async (scope: Api) => {
    speakProblems(scope);
    approveRoutes(scope, deps);
  });
  await app.register(async (scope: Api) => oidcRoutes(scope, deps));
  // Deployed apps carry a base path in their configuration, new ones need none: both reach the same routes.
  for (const prefix of new Set(["", deps.config.basePath])) {
    await app.register(
      async (device: Api) => {
        await device.register(async (scope: Api) => {
          speakPowerAuth(scope);
          powerAuthRoutes(scope, deps);
        });
        await device.register(async (scope: Api) => {
          speakMobileToken(scope);
          mobileTokenRoutes(scope, deps);
          appActivationRoutes(scope, deps);
          liveRoutes(scope, deps);
          pushRoutes(scope, deps);
          inboxRoutes(scope, deps);
        });
      },
      { prefix },
    );
  }
  // Accounts may be at other servers, which must be reached by TLS; on this machine without.
  await servePage(app, "authenticator", {
    root: pages,
    connect: ["https:", "http://localhost:*", "http://127.0.0.1:*"],
  });
  authenticatorRoutes(app, deps);
  return app;
}

async function privateListener(
  deps: Deps,
  registry: { metrics(): Promise<string>; contentType: string },
  pages: string | undefined,
): Promise<Api> {
  const app = listener(deps, { ignoreDuplicateSlashes: false });
  guardPrivateListener(app, deps.config.privateHost, deps.config.consoleOpenId?.consoleUrl);
  speakProblems(app);
  healthRoutes(app, deps);
  const documents = { v1: () => ({}), restV3: () => ({}) };
  await app.register(async (scope: Api) => {
    requireApiClient(scope, deps);
    scope.get("/metrics", { config: { permission: "operate" } }, async (_request, reply) =>
      reply.type(registry.contentType).send(await registry.metrics()),
    );
    await scope.register(async (inner: Api) => {
      speakBackOffice(inner);
      documents.restV3 = await describeRoutes(inner, {
        title: "Countersign: /rest/v3",
        description: "The back-office API in PowerAuth form: POST, request and answer each in an envelope.",
        errors: "envelope",
      });
      backOfficeRoutes(inner, deps);
      pushServerRoutes(inner, deps);
    });
    await scope.register(async (inner: Api) => {
      speakProblems(inner);
      documents.v1 = await describeRoutes(inner, {
        title: "Countersign: /v1",
        description: "Our own API: JSON, stable codes in problem details, pages by cursor.",
        errors: "problem",
      });
      v1Routes(inner, deps);
    });
  });
  await documentationRoutes(app, deps, documents);
  await app.register(async (scope: Api) => {
    speakProblems(scope);
    consoleRoutes(scope, deps);
    consoleLogInRoutes(scope, deps);
  });
  await servePage(app, "console", { root: pages });
  return app;
}

function listener(deps: Deps, routing: { readonly ignoreDuplicateSlashes: boolean }): Api {
  const app = fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    // Requests are not logged, so none needs a logger of its own.
    childLoggerFactory: (logger) => logger,
    bodyLimit: deps.config.bodyBytes,
    trustProxy: deps.config.trustedProxies.length > 0 ? [...deps.config.trustedProxies] : false,
    ...compileOnUse,
    // Names of 255 characters stand in paths, each of them up to twelve letters when it is escaped.
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: 3072, ...routing },
    frameworkErrors: (_error, request, reply) => void answerUnknownAddress(request, reply as never),
    forceCloseConnections: "idle",
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as Api;
  // Schemas of answers are documentation: nothing is stripped from what a route answers, and nothing is coerced.
  app.setSerializerCompiler(() => JSON.stringify);
  parseJsonBodies(app);
  answerUnknownAddresses(app);
  endConnectionsOnClose(app);
  return app;
}

/** A request that is under way while the listener closes is the last one of its connection. */
function endConnectionsOnClose(app: Api): void {
  let closing = false;
  app.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (closing) void reply.header("connection", "close");
    done(null, payload);
  });
}
