/** The PowerAuth surface alone on a loopback listener, over any store, with the verbs at hand that a back office uses. */
import { after, before, describe } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import type { ProtocolVersion } from "@countersign/protocol/powerauth/versions";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify from "fastify";
import { pino } from "pino";
import { Value } from "typebox/value";
import { commitActivation } from "../src/activations/commit.ts";
import { initActivation, type NewActivation, type StartedActivation } from "../src/activations/init.ts";
import { activationKeyCache } from "../src/activations/keys.ts";
import { powerAuthRoutes } from "../src/api/powerauth/routes.ts";
import { answerUnknownAddresses, type Api, parseJsonBodies, speakPowerAuth } from "../src/api/surfaces.ts";
import { createApplication } from "../src/applications/create.ts";
import type { ApplicationDetail } from "../src/applications/detail.ts";
import { versionCache } from "../src/applications/version.ts";
import { type Config, configSchema } from "../src/config.ts";
import type { Deps } from "../src/deps.ts";
import { isRefusal, type Refusal } from "../src/errors.ts";
import { displayTemplateCache } from "../src/display/cache.ts";
import { clientStreams } from "../src/live/client-streams.ts";
import { liveStreams } from "../src/live/streams.ts";
import { openIdProvider } from "../src/oidc/provider.ts";
import { operationWatch } from "../src/operations/watch.ts";
import { outbound, outboundGuard } from "../src/outbound.ts";
import { pushSenders } from "../src/push/senders.ts";
import { inFlight } from "../src/signatures/in-flight.ts";
import { tokenKeyCache } from "../src/tokens/keys.ts";
import { addressThrottle } from "../src/throttle.ts";
import { createDevice, type Device, random } from "./device.ts";
import { suiteOnEachStore } from "./store-suites.ts";

export type Bench = Awaited<ReturnType<typeof startPowerAuth>>;

export async function startPowerAuth(
  opened: Pick<Deps, "store" | "secrets" | "signingKeys">,
  settings: Partial<Config> = {},
) {
  const config = Value.Default(configSchema, { ...settings }) as Config;
  const { store, secrets, signingKeys } = opened;
  const out = outbound({ allow: config.outboundAllow });
  const deps: Deps = {
    get oidc() {
      return openIdProvider(deps);
    },
    config,
    publicUrl: "https://device.example",
    store,
    secrets,
    signingKeys,
    crypto: nodeCrypto,
    random,
    log: pino({ enabled: false }),
    outbound: out,
    pushSenders: pushSenders({ store, secrets, outbound: out, guard: outboundGuard({ allow: [] }) }),
    throttle: addressThrottle(config.refusalsPerMinute, () => performance.now()),
    inFlight: inFlight(),
    operationWatch: operationWatch(),
    live: liveStreams(store, { streams: 1, seconds: 1 }),
    clientStreams: clientStreams({ store, secrets }, { streams: 1, seconds: 1 }),
    versions: versionCache(store, secrets),
    activationKeys: activationKeyCache(secrets, nodeCrypto),
    tokenKeys: tokenKeyCache(secrets, nodeCrypto),
    displayTemplates: displayTemplateCache(store),
  };
  const app = fastify({ bodyLimit: config.bodyBytes }).withTypeProvider<TypeBoxTypeProvider>() as unknown as Api;
  parseJsonBodies(app);
  answerUnknownAddresses(app);
  speakPowerAuth(app);
  powerAuthRoutes(app, deps);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const application = done(await createApplication(deps, { applicationId: `app-${id()}`, minVersion: "3.0" }));

  const bench = {
    deps,
    url,
    application,
    newDevice(version: ProtocolVersion = "3.3", from: ApplicationDetail = application, now?: () => number): Device {
      const { applicationKey, applicationSecret } = from.versions[0]!;
      const { masterPublicKey } = from;
      return createDevice({ url, applicationKey, applicationSecret, masterPublicKey, version, ...(now && { now }) });
    },

    async init(more: Partial<NewActivation> = {}): Promise<StartedActivation> {
      return done(
        await initActivation(deps, { applicationId: application.applicationId, userId: `user-${id()}`, ...more }),
      );
    },

    /** An ACTIVE activation and its device. */
    async activated(version: ProtocolVersion = "3.3", more: Partial<NewActivation> = {}): Promise<Device> {
      const device = bench.newDevice(version);
      const { activationId, activationCode } = await bench.init(more);
      await device.activate(activationCode);
      done(await commitActivation(deps, { activationId }));
      return device;
    },

    async row(activationId: string) {
      const row = await store.findActivation(activationId);
      if (row === undefined) throw new Error("No such activation");
      return row;
    },

    close: () => app.close(),
  };
  return bench;
}

/** A suite on both dialects with one server of its own; `bench` may be used within tests only. */
export function suiteOfPowerAuth(
  title: string,
  define: (bench: Bench) => void,
  settings: Partial<Config> = { refusalsPerMinute: 1_000_000 },
): void {
  suiteOnEachStore((_dialect, open) => {
    describe(title, () => {
      const bench = {} as Bench;
      let close: () => Promise<void>;
      before(async () => {
        const opened = await open();
        close = () => opened.close();
        Object.assign(bench, await startPowerAuth(opened, settings));
      });
      after(async () => {
        await bench.close();
        await close();
      });
      define(bench);
    });
  });
}

/** What a signature can change of an activation. */
export async function stateOf(bench: Bench, device: Device) {
  const { status, counter, failed_attempts } = await bench.row(device.activationId);
  return { status, counter, failed: failed_attempts };
}

/** The value of a verb, or its refusal as an exception: tests expect success unless they say so. */
export function done<T>(value: T | Refusal): T {
  if (isRefusal(value)) throw new Error(`Refused: ${value.refused} ${value.detail ?? ""}`);
  return value;
}

/** What a verb refused with. */
export function refusalOf(value: unknown): string {
  return isRefusal(value) ? value.refused : "done";
}

export function id(): string {
  return Buffer.from(random(6)).toString("hex");
}
