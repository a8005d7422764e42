/** What the calls of the Approve engine take from outside. What outlives the process stands in `state.ts`. */
import type { Bytes, RandomBytes } from "@countersign/protocol/bytes";
import type { DeviceInfo } from "@countersign/protocol/approve/enrol";
import type { PinnedParty } from "@countersign/protocol/approve/parties";
import type { Timers } from "../../platform/timers.ts";
import type { DeviceStorage } from "../../storage/port.ts";
import type { BiometryPrompt } from "../biometry.ts";
import type { Fetch } from "../transport.ts";
import type { KeyVault } from "./key-vault.ts";

export interface Connection {
  readonly fetch: Fetch;
  /** Milliseconds for a whole exchange. */
  readonly timeout: number;
  /** How often a call that changes nothing is repeated when the server is out of reach. */
  readonly retries: number;
}

export interface ApproveDevice {
  readonly storage: DeviceStorage;
  readonly random: RandomBytes;
  /** Milliseconds since the epoch by the device's own clock. */
  readonly now: () => number;
  readonly timers: Timers;
  readonly sha256: (data: Bytes) => Bytes;
  /** Keys of one container, by its local id. */
  readonly vaultOf: (id: string) => KeyVault;
  /** What the person reads from now on while the platform asks for biometry. */
  readonly setPrompt: (prompt: BiometryPrompt) => void;
  /** What the server is told at enrolment. */
  readonly info: DeviceInfo;
  /** Language of what the person is shown, for the server to choose. */
  readonly language: string | undefined;
  /** Relying parties that the application brings, in place of those that the server named (APV-RP-1). */
  readonly parties: readonly PinnedParty[] | undefined;
  /** Of one container, by its local id, or of all that have none of their own. */
  readonly connectionOf: (id: string | undefined) => Connection;
  readonly connect: (id: string | undefined, connection: Connection) => void;
  /** Last nonce of each server, by address, with the time it came. */
  readonly nonces: Map<string, { readonly nonce: string; readonly at: number }>;
  /** How far each server's clock is ahead of the device's, by address, ms; nothing where they agree. */
  readonly ahead: Map<string, number>;
}
