/** Keys that the platform uses for us and does not give out: the port for DEVICE policies. */
import type { Bytes } from "@countersign/protocol/bytes";
import type { Opener } from "@countersign/protocol/approve/jwe";
import type { Signer } from "@countersign/protocol/approve/jws";
import type { PublicJwk } from "@countersign/protocol/approve/keys";

export interface PlatformKeys {
  /** Takes a key over. Durable when it resolves; the same name replaces, so that an interrupted call can be repeated. */
  keep(name: string, use: "sign" | "agree", jwk: PublicJwk, scalar: Bytes): Promise<void>;
  /** Undefined when the platform has no such key. */
  signer(name: string): Promise<Signer | undefined>;
  opener(name: string, kid: string): Promise<Opener | undefined>;
  /** Removing what is not there is no error. */
  remove(name: string): Promise<void>;
}
