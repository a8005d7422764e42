/** Enrolment (Approve protocol §4): what the device sends under the proof of its new keys, and the server's record. */
import type { JsonObject } from "../json.ts";
import { count, digest, exactly, flag, listOf, matches, seconds, shaped, text, unique, url, uuid } from "./claims.ts";
import { isNamedJwk, isPublicJwk, keyUses, sameJwk, type KeyUse, type NamedJwk, type PublicJwk } from "./keys.ts";
import type { UnverifiedKeyProof } from "./key-proof.ts";
import type { Message } from "./message.ts";
import { isPinnedParty, type PinnedParty } from "./parties.ts";
import type { PolicyRecord } from "./policy.ts";
import { policyShape } from "./policy.ts";

export interface DeviceInfo {
  readonly name?: string;
  /** Such as `android`, `ios`, `web`, `node`. */
  readonly platform: string;
  readonly osVersion: string;
  readonly model?: string;
  /** Whether private keys are held by hardware. */
  readonly hardwareKeys: boolean;
  readonly rooted?: boolean;
  readonly sdkVersion?: string;
}

export interface PushAddress {
  readonly platform: "apns" | "fcm" | "hms" | "web";
  readonly environment?: "development" | "production";
  readonly token: string;
}

export interface EnrolPayload {
  readonly code: string;
  readonly nonce: string;
  readonly iat: number;
  readonly aud: string;
  readonly keys: readonly { readonly use: KeyUse; readonly jwk: PublicJwk }[];
  readonly ver: readonly number[];
  readonly algs: readonly string[];
  readonly device: DeviceInfo;
  readonly push?: PushAddress;
}

export const deviceInfo = shaped({
  required: { platform: text(32), osVersion: text(64), hardwareKeys: flag },
  optional: { name: text(64), model: text(64), rooted: flag, sdkVersion: text(32) },
});

export const pushAddress = shaped({
  required: { platform: exactly("apns", "fcm", "hms", "web"), token: text(4096) },
  optional: { environment: exactly("development", "production") },
});

const keyOf = shaped({ required: { use: exactly(...keyUses), jwk: isPublicJwk } });

const payloadShape = {
  required: {
    code: unique,
    nonce: unique,
    iat: seconds,
    aud: url,
    keys: listOf(keyOf, 4, 4),
    ver: listOf(count, 8, 1),
    algs: listOf(text(32), 8, 1),
    device: deviceInfo,
  },
  optional: { push: pushAddress },
};

/** Shape and APV-ENR-2, -3; undefined when anything is off. Signatures are verified apart. */
export function readEnrolPayload({ payload, signatures }: UnverifiedKeyProof): EnrolPayload | undefined {
  if (!matches(payload, payloadShape)) return undefined;
  const enrol = payload as unknown as EnrolPayload;
  return signatures.length === enrol.keys.length && provesEach(enrol.keys, signatures) ? enrol : undefined;
}

type Keys = readonly { readonly use: KeyUse; readonly jwk: PublicJwk }[];

/** Each use once, all keys different, and the first signatures are theirs, in order. */
export function provesEach(keys: Keys, signatures: readonly { readonly jwk?: PublicJwk }[]): boolean {
  const uses = new Set(keys.map(({ use }) => use));
  const points = new Set(keys.map(({ jwk }) => `${jwk.x}.${jwk.y}`));
  if (uses.size !== keyUses.length || points.size !== keys.length) return false;
  return keys.every(({ jwk }, at) => {
    const proved = signatures[at]?.jwk;
    return proved !== undefined && sameJwk(proved, jwk);
  });
}

export interface RecordedKey {
  readonly use: KeyUse;
  readonly kid: string;
  /** Id of its policy in `policies`. */
  readonly policy: string;
  readonly exp?: number;
}

export interface EnrolRecord {
  readonly iss: string;
  readonly aud: string;
  readonly cid: string;
  readonly iat: number;
  readonly tenant: string;
  readonly user: string;
  readonly name: string;
  readonly keys: readonly RecordedKey[];
  readonly policies: Readonly<Record<string, PolicyRecord>>;
  readonly serverKeys: readonly NamedJwk[];
  readonly suite: "ES256";
  readonly minVer: number;
  readonly transcript: string;
  readonly renewBefore?: number;
  /** Who may redeem what the device signs directly, unless it says otherwise. */
  readonly client?: string;
  readonly features: {
    readonly cancel: boolean;
    readonly direct: boolean;
    readonly renew: boolean;
    readonly otp: boolean;
  };
  readonly otp?: readonly OtpSecret[];
  /** Relying parties whose signed requests the device checks itself (APV-RP-1). */
  readonly parties?: readonly PinnedParty[];
}

export interface OtpSecret {
  readonly label: string;
  readonly type: "HOTP" | "TOTP" | "OCRA";
  /** Base64url. */
  readonly secret: string;
  readonly digits: number;
  readonly algorithm: "SHA1" | "SHA256" | "SHA512";
  /** TOTP, seconds. */
  readonly period?: number;
  /** OCRA suite, RFC 6287 §6. */
  readonly suite?: string;
  readonly policy: string;
}

const recordedKey = shaped({
  required: { use: exactly(...keyUses), kid: unique, policy: text(64) },
  optional: { exp: seconds },
});

const recordShape = {
  required: {
    iss: url,
    aud: uuid,
    cid: uuid,
    iat: seconds,
    tenant: text(64),
    user: text(255),
    name: text(255, 0),
    keys: listOf(recordedKey, 4, 4),
    policies: (value: unknown) =>
      typeof value === "object" && value !== null && Object.values(value).every(shaped(policyShape)),
    serverKeys: listOf(isNamedJwk, 8, 1),
    suite: exactly("ES256"),
    minVer: count,
    transcript: digest,
    features: shaped({ required: { cancel: flag, direct: flag, renew: flag, otp: flag }, open: true }),
  },
  optional: {
    renewBefore: seconds,
    client: text(255),
    otp: listOf((value) => isOtpSecret(value), 16),
    parties: listOf(isPinnedParty, 16),
  },
  open: true as const,
};

function isOtpSecret(value: unknown): value is JsonObject {
  return matches(value, {
    required: {
      label: text(64),
      type: exactly("HOTP", "TOTP", "OCRA"),
      secret: text(128),
      digits: count,
      algorithm: exactly("SHA1", "SHA256", "SHA512"),
      policy: text(64),
    },
    optional: { period: count, suite: text(64) },
    open: true,
  });
}

export const enrolRecord: Message<EnrolRecord> = { typ: "apv-enrol+jwt", shape: recordShape };
export const renewRecord: Message<EnrolRecord> = { typ: "apv-renew+jwt", shape: recordShape };
