/** What the verbs need from outside. Each takes the part it uses: `Pick<Deps, "store" | "random">`. */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import type { Logger } from "pino";
import type { ActivationKeyCache } from "./activations/keys.ts";
import type { VersionCache } from "./applications/version.ts";
import type { ClientStreams } from "./live/client-streams.ts";
import type { LiveStreams } from "./live/streams.ts";
import type { Config } from "./config.ts";
import type { DisplayTemplateCache } from "./display/cache.ts";
import type { Outbound } from "./outbound.ts";
import type { PushSenders } from "./push/senders.ts";
import type { Oidc } from "./oidc/provider.ts";
import type { OperationWatch } from "./operations/watch.ts";
import type { Secrets } from "./keys/secrets.ts";
import type { SigningKeys } from "./keys/signing-keys.ts";
import type { InFlight } from "./signatures/in-flight.ts";
import type { Store } from "./store/store.ts";
import type { TokenKeyCache } from "./tokens/keys.ts";
import type { Throttle } from "./throttle.ts";

export interface Deps {
  readonly config: Config;
  /** Issuer of receipts and base of public links; fixed at first start, never taken from a request. */
  readonly publicUrl: string;
  readonly store: Store;
  readonly secrets: Secrets;
  readonly signingKeys: SigningKeys;
  readonly crypto: CryptoProvider;
  readonly random: RandomBytes;
  readonly log: Logger;
  /** The only way out to other hosts. */
  readonly outbound: Outbound;
  /** The push gateways of the applications, opened when they are first used. */
  readonly pushSenders: PushSenders;
  readonly throttle: Throttle;
  /** Verifications of one activation follow each other on this node. */
  readonly inFlight: InFlight;
  /** Wakes those who wait for a decision. */
  readonly operationWatch: OperationWatch;
  readonly live: LiveStreams;
  /** The OpenID provider. */
  readonly oidc: Oidc;
  readonly clientStreams: ClientStreams;
  readonly versions: VersionCache;
  readonly activationKeys: ActivationKeyCache;
  readonly tokenKeys: TokenKeyCache;
  readonly displayTemplates: DisplayTemplateCache;
}
