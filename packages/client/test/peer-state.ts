/** What the peer keeps, and what it remembers of each request. */
import type { Bytes } from "@countersign/protocol/bytes";
import type { KeyPair, PublicKey } from "@countersign/protocol/crypto";
import type { ActivationState } from "@countersign/protocol/powerauth/activation-status";
import type { ActivationKeys } from "@countersign/protocol/powerauth/keys";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";

export interface PeerActivation {
  readonly id: string;
  readonly server: KeyPair;
  readonly code: string;
  device?: PublicKey;
  keys?: ActivationKeys;
  name?: string | undefined;
  otp?: string | undefined;
  ctrData: Bytes;
  ctr: number;
  state: ActivationState;
  failed: number;
}

export interface PeerRequest {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** Factors and look-ahead offset of a signature that verified. */
  readonly signature?: { readonly factors: FactorCombination; readonly offset: number };
}

export interface PeerToken {
  readonly activationId: string;
  readonly secret: Bytes;
}
