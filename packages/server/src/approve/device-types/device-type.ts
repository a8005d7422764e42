/**
 * The device type: which Approve devices may enrol at an application, how their keys are protected, and what follows
 * when a user reports something or does not answer. A container keeps the policies it was enrolled with.
 */
import { keyUses, type KeyUse } from "@countersign/protocol/approve/keys";
import { passwordRules, type PolicyRecord } from "@countersign/protocol/approve/policy";
import { readOcraSuite } from "@countersign/protocol/otp/ocra";
import type { OtpSecret } from "@countersign/protocol/approve/enrol";
import type { DeviceTypeTable } from "../../store/schema.ts";

export interface PlatformRule {
  readonly platform: string;
  readonly minVersion?: string;
  readonly maxVersion?: string;
}

export interface EnrolmentRules {
  /** Any platform where the list is empty. */
  readonly platforms: readonly PlatformRule[];
  readonly hardwareKeysRequired: boolean;
  readonly rootedAllowed: boolean;
  /** What a person whose device is refused reads. */
  readonly message?: string;
}

export interface Countermeasures {
  /** Seconds without new transactions after a report; -1 until somebody unblocks. */
  readonly disabledTimeReset: number;
  /** Seconds a transaction waits for an answer; the template's expiration where it is shorter. -1 for no limit of its own. */
  readonly challengeTimeoutPeriod: number;
  /** Unanswered transactions in a row that suspend the user; -1 for none. */
  readonly challengeDisableThreshold: number;
  /** Wrong passwords in a row that block a container. */
  readonly disableThreshold: number;
  /** Transactions that may wait at once for one user. */
  readonly mostOutstanding: number;
  /** Denied transactions in a row that suspend the user; -1 for none. */
  readonly deniedThreshold: number;
}

export interface Features {
  readonly cancel: boolean;
  readonly direct: boolean;
  readonly renew: boolean;
  /** Template of what devices sign directly; one of our own where there is none. */
  readonly directTemplate?: string;
}

/** A one-time-password secret that each device of the type gets. */
export type OtpKind = Omit<OtpSecret, "secret">;

export interface DeviceType {
  readonly id: string;
  readonly applicationId: string;
  /** Of one user; 0 for any number. */
  readonly maxDevices: number;
  readonly rules: EnrolmentRules;
  readonly policies: Readonly<Record<string, PolicyRecord>>;
  /** Id of the policy of each key. */
  readonly keyPolicies: Readonly<Record<KeyUse, string>>;
  /** Days until keys have to be renewed; 0 for never. */
  readonly keyDays: number;
  readonly countermeasures: Countermeasures;
  readonly features: Features;
  readonly defaultClient: string | null;
  readonly otp: readonly OtpKind[];
}

/** What a device type has unless it is said otherwise. */
export const deviceTypeDefaults: Omit<DeviceType, "id" | "applicationId"> = {
  maxDevices: 5,
  rules: { platforms: [], hardwareKeysRequired: false, rootedAllowed: true },
  policies: {
    device: { type: "DEVICE", lock: { type: "none" } },
    password: { type: "PASSWORD", password: passwordRules, lock: { type: "counter", counter: 5 } },
  },
  keyPolicies: { auth: "password", tx: "password", enc: "device", pop: "device" },
  keyDays: 365,
  countermeasures: {
    disabledTimeReset: 900,
    challengeTimeoutPeriod: 3600,
    challengeDisableThreshold: 8,
    disableThreshold: 5,
    mostOutstanding: 8,
    deniedThreshold: -1,
  },
  features: { cancel: true, direct: true, renew: true },
  defaultClient: null,
  otp: [],
};

/** Names what contradicts itself; undefined when the type can be used. `pop` never asks the person (APV-KEY table). */
export function deviceTypeDefect({ policies, keyPolicies, otp }: DeviceType): string | undefined {
  for (const use of keyUses) {
    if (!Object.hasOwn(policies, keyPolicies[use])) return `keyPolicies.${use} - no such policy`;
  }
  if (policies[keyPolicies.pop]?.type !== "DEVICE") return "keyPolicies.pop - DEVICE only";
  if (policies[keyPolicies.enc]?.lock.type === "silent") return "keyPolicies.enc - no silent lock";
  for (const [id, { type, password, lock }] of Object.entries(policies)) {
    if ((type === "DEVICE") !== (password === undefined)) return `policies.${id}.password - goes with a password`;
    if (lock.type === "silent" && (password?.maxHistory !== 0 || password.maxAge !== 0)) {
      return `policies.${id} - a silent lock has no history and no age`;
    }
  }
  for (const { type, suite } of otp) {
    if ((type === "OCRA") !== (suite !== undefined)) return "otp.suite - goes with OCRA";
    if (suite !== undefined && readOcraSuite(suite) === undefined) return "otp.suite - none of RFC 6287";
  }
  const labels = new Set(otp.map(({ label }) => label));
  if (labels.size !== otp.length) return "otp - a label twice";
  return otp.every(({ policy }) => Object.hasOwn(policies, policy)) ? undefined : "otp - no such policy";
}

export function deviceTypeOf(row: DeviceTypeTable): DeviceType {
  const { policies, keyPolicies } = JSON.parse(row.policies) as Pick<DeviceType, "policies" | "keyPolicies">;
  return {
    id: row.id,
    applicationId: row.application_id,
    maxDevices: row.max_devices,
    rules: JSON.parse(row.rules) as EnrolmentRules,
    policies,
    keyPolicies,
    keyDays: row.key_days,
    countermeasures: JSON.parse(row.countermeasures) as Countermeasures,
    features: JSON.parse(row.features) as Features,
    defaultClient: row.default_client,
    otp: JSON.parse(row.otp) as readonly OtpKind[],
  };
}

export function deviceTypeColumns(type: DeviceType): Omit<DeviceTypeTable, "tenant" | "updated_at"> {
  return {
    id: type.id,
    application_id: type.applicationId,
    max_devices: type.maxDevices,
    rules: JSON.stringify(type.rules),
    policies: JSON.stringify({ policies: type.policies, keyPolicies: type.keyPolicies }),
    key_days: type.keyDays,
    countermeasures: JSON.stringify(type.countermeasures),
    features: JSON.stringify(type.features),
    default_client: type.defaultClient,
    otp: JSON.stringify(type.otp),
  };
}
