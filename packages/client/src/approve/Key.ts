/** A key of a container as applications see it: what it is for and how it is protected, never the key itself. */
import type { KeyUse } from "@countersign/protocol/approve/keys";
import type { ApproveDevice } from "../engine/approve/device.ts";
import { type ContainerState, keyOf } from "../engine/approve/state.ts";
import {
  InternalException,
  InvalidParameterException,
  UnsafeDeviceException,
  UnsupportedOperationException,
} from "./exceptions.ts";
import { AsyncOTPGenerator } from "./otp/AsyncOTPGenerator.ts";
import { SyncOTPGenerator } from "./otp/SyncOTPGenerator.ts";
import type { ProtectionPolicy } from "./policies/ProtectionPolicy.ts";
import { policyFace } from "./policy-faces.ts";
import { SDKConstants } from "./SDKConstants.ts";

/** Names a key within its container. */
export class KeyId {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  getId(): string {
    return this.id;
  }

  toString(): string {
    return this.id;
  }
}

/** @internal What a key is made from. */
export interface KeyInner {
  readonly device: ApproveDevice;
  readonly container: ContainerState;
  /** Name in the vault: `kid`, or the label of a one-time-password secret. */
  readonly kid: string;
  readonly usage: keyof typeof usages;
  readonly policyId: string;
  /** Seconds. */
  readonly exp?: number | undefined;
}

/** Labels are fixed; that of a one-time-password secret is the server's. */
const usages = {
  auth: { usage: SDKConstants.KEY_PROPERTY_USAGE_AUTH, label: "pushkeyPublic", algorithm: "ES256" },
  tx: { usage: SDKConstants.KEY_PROPERTY_USAGE_SIGN, label: "signkeyPublic", algorithm: "ES256" },
  enc: { usage: SDKConstants.KEY_PROPERTY_USAGE_TRANSPORT, label: "sessionkeyPublic", algorithm: "ECDH-ES" },
  otp: { usage: SDKConstants.KEY_PROPERTY_USAGE_OTP, label: undefined, algorithm: undefined },
} as const;

export class Key {
  /** @internal */
  readonly inner: KeyInner;

  /** @internal */
  constructor(inner: KeyInner) {
    this.inner = inner;
  }

  get id(): KeyId {
    return new KeyId(this.inner.kid);
  }

  getId(): KeyId {
    return this.id;
  }

  get label(): string {
    return usages[this.inner.usage].label ?? this.inner.kid;
  }

  getLabel(): string {
    return this.label;
  }

  /** `ES256`, `ECDH-ES`, or `HOTP`, `TOTP`, `OCRA`. */
  get algorithm(): string {
    const { usage, container, kid } = this.inner;
    return usages[usage].algorithm ?? container.otp.find(({ label }) => label === kid)?.type ?? "";
  }

  getAlgorithm(): string {
    return this.algorithm;
  }

  /** Of a key for one-time passwords: by counter or time, or for challenges. `UnsupportedOperationException` for others. */
  getDefaultOTPGenerator(): SyncOTPGenerator | AsyncOTPGenerator {
    const { device, container, kid, policyId } = this.inner;
    const description = container.otp.find(({ label }) => label === kid);
    if (this.inner.usage !== "otp" || description === undefined) {
      throw new UnsupportedOperationException("The key makes no one-time passwords");
    }
    const source = {
      description,
      vault: device.vaultOf(container.id),
      now: device.now,
      biometry: container.policies[policyId]?.type === "BIOPASSWORD",
    };
    return description.type === "OCRA" ? new AsyncOTPGenerator(source) : new SyncOTPGenerator(source);
  }

  /** Throws `UnsafeDeviceException` on a device that says it is rooted, for the keys that answer. */
  get protectionPolicy(): ProtectionPolicy {
    const { device, container, policyId, usage } = this.inner;
    if (device.info.rooted === true && (usage === "tx" || usage === "auth")) {
      throw new UnsafeDeviceException("The device is rooted");
    }
    const record = container.policies[policyId];
    if (record === undefined) throw new InternalException("The key has no policy");
    return policyFace(device, container.id, policyId, record);
  }

  getProtectionPolicy(): ProtectionPolicy {
    return this.protectionPolicy;
  }

  /** Of `SDKConstants.KEY_PROPERTY_…`. */
  getProperty(name: string): string {
    const { container, exp, usage } = this.inner;
    switch (name) {
      case SDKConstants.KEY_PROPERTY_ID:
        return this.inner.kid;
      case SDKConstants.KEY_PROPERTY_LABEL:
        return this.label;
      case SDKConstants.KEY_PROPERTY_USAGE:
        return usages[usage].usage;
      case SDKConstants.KEY_PROPERTY_CREATE:
        return String(container.createdAt);
      case SDKConstants.KEY_PROPERTY_EXPIRY:
        return String(exp === undefined ? 0 : exp * 1000);
      default:
        throw new InvalidParameterException("There is no such property of a key");
    }
  }
}

/** All but the one that proves the device, which asks nobody. */
export function keysOf(device: ApproveDevice, container: ContainerState): readonly Key[] {
  const named = (["auth", "tx", "enc"] as const).map((usage) => {
    const { kid, policy, exp } = keyOf(container, usage);
    return new Key({ device, container, kid, usage, policyId: policy, exp });
  });
  const otp = container.otp.map(
    ({ label, policy }) => new Key({ device, container, kid: label, usage: "otp", policyId: policy }),
  );
  return [...named, ...otp];
}

export function keyFor(device: ApproveDevice, container: ContainerState, use: Exclude<KeyUse, "pop">): Key {
  const key = keysOf(device, container).find(({ inner }) => inner.usage === use);
  if (key === undefined) throw new InternalException("The container lacks a key");
  return key;
}
