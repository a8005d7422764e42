/**
 * The key exchange of an activation that waits for a device: opens the inner layer, checks code and one-time password,
 * and takes the device's key. A code is good for one key, however many devices send one at once.
 */
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { type EncryptedResponse, encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import type { VersionRow } from "@countersign/protocol/powerauth/versions";
import { isSupported } from "../applications/versions.ts";
import type { Deps } from "../deps.ts";
import { type EnvelopeDeps, jsonObject, openEnvelope, type OpenedEnvelope } from "../encryption/envelope.ts";
import { claimIn } from "../encryption/replay.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { ActivationTable } from "../store/schema.ts";
import type { ActivationRow, Claim } from "../store/store.ts";
import { isText, moveActivation } from "./activation.ts";
import { expireIfDue } from "./expire.ts";
import { sealActivationKeys, serverKeyOf } from "./keys.ts";
import { checkOtp, countWrongOtp } from "./otp.ts";

export interface Preparation {
  readonly activationCode: string;
  readonly header: EncryptionHeader;
  /** The inner layer, encrypted by the device for `/pa/activation`. */
  readonly cryptogram: unknown;
  /** Claims of the outer layer, to be made with those of the inner one. */
  readonly claims?: readonly Claim[] | undefined;
}

export interface Prepared {
  readonly activation: ActivationRow;
  /** The inner layer's answer for the device. */
  readonly cryptogram: EncryptedResponse;
  /** The server's time of the commit. */
  readonly now: number;
}

/**
 * CREATED → PENDING_COMMIT, or ACTIVE when the commit phase or a one-time password of this phase says so. Refuses as
 * `openEnvelope` does, `version-not-supported`, `activation-expired` (code wrong, used or overdue: never told apart),
 * `otp-wrong`, `replayed`, and `activation-not-found` for a device key that is none, which removes the activation.
 */
export async function prepareActivation(deps: EnvelopeDeps, input: Preparation): Promise<Prepared | Refusal> {
  const inner = await openEnvelope(deps, encryptorIds.activationLayer2, input.header, input.cryptogram);
  if (isRefusal(inner)) return inner;
  const device = readDevice(inner);
  if (device === undefined) return refuse("invalid-request");
  const activation = await findByCode(deps, input.activationCode, inner.application.applicationId);
  if (activation === undefined) return refuse("activation-expired");
  const otp = await checkOtp(activation, "ON_KEY_EXCHANGE", device.otp);
  if (otp === "unexpected") return refuse("otp-wrong");
  const exchanged = exchangeKeys(deps, activation, device, input.header.version);

  return deps.store.transaction(async (change) => {
    if (!(await isSupported(deps, change, input.header.applicationKey))) return refuse("version-not-supported");
    if (!(await claimIn(change, [...(input.claims ?? []), ...inner.claims]))) return refuse("replayed");
    if (otp === "wrong") return countWrongOtp(deps, change, activation);
    const same = { activationId: activation.id, where: { activation_code: activation.activation_code } };
    if (exchanged === undefined) {
      await moveActivation(deps, change, "refuse-key", { ...same, reason: "INVALID_DEVICE_KEY" });
      return refuse("activation-not-found");
    }
    const active = activation.commit_phase === "ON_KEY_EXCHANGE";
    const action = active ? "prepare-and-commit" : "prepare";
    const set = { ...exchanged, failed_attempts: 0 };
    const moved = await moveActivation(deps, change, action, { ...same, set });
    if (moved === undefined) return refuse("activation-expired");
    return { activation: moved, cryptogram: inner.seal(innerAnswer(moved), change.now), now: change.now };
  });
}

export interface Device {
  /** Base64 as it came; a key or not. */
  readonly publicKey: string;
  readonly otp: string | undefined;
  readonly columns: Pick<ActivationTable, "name" | "extras" | "platform" | "device_info" | "external_id">;
}

const limits = { activationName: 255, extras: 4000, platform: 255, deviceInfo: 255, externalId: 255 } as const;

/** What an opened inner layer says of the device. Undefined when that is no JSON, or a text cannot be kept. */
export function readDevice(inner: Pick<OpenedEnvelope, "plaintext">): Device | undefined {
  const members = jsonObject(inner.plaintext);
  if (members === undefined) return undefined;
  const texts: Partial<Record<keyof typeof limits, string>> = {};
  for (const [member, most] of Object.entries(limits)) {
    const value = members[member] ?? undefined;
    if (value === undefined) continue;
    if (!isText(value, most)) return undefined;
    texts[member as keyof typeof limits] = value;
  }
  const { devicePublicKey, activationOtp } = members;
  const otp = activationOtp ?? undefined;
  if (otp !== undefined && (typeof otp !== "string" || otp.length > 255)) return undefined;
  return {
    publicKey: typeof devicePublicKey === "string" ? devicePublicKey : "",
    otp,
    columns: {
      name: texts.activationName ?? null,
      extras: texts.extras ?? null,
      platform: texts.platform?.toLowerCase() ?? "unknown",
      device_info: texts.deviceInfo ?? null,
      external_id: texts.externalId ?? null,
    },
  };
}

type ExchangedColumns = Device["columns"] &
  Pick<ActivationTable, "ctr_data" | "counter" | "device_public_key" | "keys_sealed" | "version_floor">;

/** Derives and seals the activation's keys, once for its life. Undefined when the device's key is none. */
export function exchangeKeys(
  deps: Pick<Deps, "crypto" | "random" | "secrets">,
  activation: Pick<ActivationRow, "id" | "server_private_sealed">,
  device: Device,
  version: VersionRow,
): ExchangedColumns | undefined {
  const { crypto } = deps;
  const point = fromBase64(device.publicKey);
  const devicePublicKey = point && crypto.importPublicKey(point);
  if (devicePublicKey === undefined) return undefined;
  const serverPrivateKey = serverKeyOf(deps, activation);
  const keys = activationKeys(crypto, masterSecret(crypto, serverPrivateKey, devicePublicKey));
  return {
    ...device.columns,
    ctr_data: toBase64(deps.random(16)),
    counter: 0,
    device_public_key: toBase64(crypto.exportPublicKey(devicePublicKey, "uncompressed")),
    keys_sealed: sealActivationKeys(deps.secrets, crypto, activation.id, keys),
    version_floor: version.version,
  };
}

/** What the device finds in the inner answer. */
export function innerAnswer(activation: ActivationRow): Uint8Array {
  const { id: activationId, server_public_key: serverPublicKey, ctr_data: ctrData } = activation;
  return utf8(JSON.stringify({ activationId, serverPublicKey, ctrData }));
}

async function findByCode(
  deps: Pick<Deps, "random" | "store">,
  code: string,
  applicationId: string,
): Promise<ActivationRow | undefined> {
  const { store } = deps;
  if (!isActivationCode(code)) return undefined;
  const row = await store.read
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("activation_code", "=", code)
    .executeTakeFirst();
  if (row === undefined || row.application_id !== applicationId) return undefined;
  const activation = await expireIfDue(deps, row, await store.now());
  return activation.status === "CREATED" ? activation : undefined;
}
