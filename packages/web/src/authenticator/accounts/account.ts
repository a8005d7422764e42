/** An account: one activation or container of this device, with what is remembered about it beside its keys. */
import type { Container, Device } from "@countersign/client/approve";
import type { MobileToken, PowerAuth } from "@countersign/client/mobile-token";

export interface MobileTokenRecord {
  readonly kind: "mobile-token";
  /** Names the instance of the SDK. */
  readonly id: string;
  /** As the person calls it. */
  readonly name: string;
  /** Address of the server. */
  readonly server: string;
  /** The SDK's configuration of the application. */
  readonly configuration: string;
  readonly createdAt: number;
}

export interface ApproveRecord {
  readonly kind: "approve";
  /** Names the container on this device. */
  readonly id: string;
  readonly name: string;
  readonly server: string;
  readonly createdAt: number;
}

export type AccountRecord = MobileTokenRecord | ApproveRecord;

export interface MobileTokenAccount extends MobileTokenRecord {
  readonly powerAuth: PowerAuth;
  readonly services: MobileToken;
}

export interface ApproveAccount extends ApproveRecord {
  readonly device: Device;
  readonly container: Container;
}

export type Account = MobileTokenAccount | ApproveAccount;

/** The host, as a person reads an address. */
export function hostOf({ server }: Pick<AccountRecord, "server">): string {
  return URL.canParse(server) ? new URL(server).host : server;
}
