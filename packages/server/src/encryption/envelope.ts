/**
 * Opens an encrypted request of any version in either scope, and seals its answer.
 *
 * In activation scope an envelope that opens proves that the sender holds the device; in application scope it proves
 * only that it knows the app. Remembering it against replay is the caller's commit: see `claims` and `claimEnvelope`.
 */
import { findPowerAuth } from "../activations/activation.ts";
import { type Bytes, concat, toBase64Url } from "@countersign/protocol/bytes";
import type { PrivateKey, SecretKey } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  type EncryptedResponse,
  type Encryptor,
  openRequest,
  readEncryptedRequest,
  sealResponse,
} from "@countersign/protocol/powerauth/ecies";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import { serverKeyOf } from "../activations/keys.ts";
import { masterKeyOf } from "../applications/application.ts";
import type { ApplicationVersion } from "../applications/version.ts";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ActivationRow, Claim } from "../store/store.ts";
import { isWithin, replayClaim, type TimeWindow } from "./replay.ts";
import { findTemporaryKey } from "./temporary-key.ts";

export interface OpenedEnvelope {
  readonly plaintext: Bytes;
  readonly application: ApplicationVersion;
  /** In activation scope, as it was read: ACTIVE, BLOCKED or waiting for its commit. */
  readonly activation?: ActivationRow;
  /** To be made in the commit of whatever the request causes. Empty before 3.2, which has no timestamp. */
  readonly claims: readonly Claim[];
  /** Encrypts the one answer. `now` is the server's time of sealing. */
  seal(plaintext: Bytes, now: number): EncryptedResponse;
}

export type EnvelopeDeps = Pick<
  Deps,
  "config" | "store" | "secrets" | "crypto" | "random" | "versions" | "activationKeys"
>;

/**
 * Refuses `invalid-request` (a member missing, superfluous or malformed for the version), `temporary-key-missing` and
 * `decryption-failed` (everything else, an unknown activation or a version below the floor included). Writes nothing.
 */
export async function openEnvelope(
  deps: EnvelopeDeps,
  encryptor: Encryptor,
  header: EncryptionHeader,
  cryptogram: unknown,
): Promise<OpenedEnvelope | Refusal> {
  const { crypto, random, config, store } = deps;
  const { version, applicationKey } = header;
  const request = readEncryptedRequest(cryptogram);
  if (isFailure(request)) return refuse("invalid-request");
  const window = envelopeWindow(config);
  const timestamp = request.timestamp ?? undefined;
  // Versions without timestamps need no time: their envelopes are bound to none, and their keys do not expire.
  const now = version.timestamp ? await store.now() : 0;
  if (version.timestamp && timestamp !== undefined && !isWithin(window, timestamp, now)) {
    return refuse("decryption-failed");
  }
  const recipient = await recipientOf(deps, encryptor, header, request.temporaryKeyId ?? undefined, now);
  if ("refused" in recipient) return recipient;
  const opened = openRequest(
    crypto,
    {
      version,
      encryptor,
      applicationKey,
      applicationSecret: recipient.application?.applicationSecret ?? "",
      activationId: header.activationId,
      transportKey: recipient.transportKey,
      temporaryKeyId: request.temporaryKeyId ?? undefined,
    },
    recipient.privateKey,
    request,
  );
  if (isFailure(opened)) {
    return refuse(opened.error === "envelope-malformed" ? "invalid-request" : "decryption-failed");
  }
  if (recipient.application === undefined || recipient.decoy) return refuse("decryption-failed");
  const { application, activation } = recipient;
  const { ephemeralKey, requestNonce } = opened.exchange;
  const claims: Claim[] = [];
  if (timestamp !== undefined && requestNonce !== undefined) {
    const subject = request.temporaryKeyId ?? activation?.id ?? application.applicationId;
    const nonce = toBase64Url(crypto.sha256(concat(ephemeralKey, requestNonce)).subarray(0, 16));
    claims.push(replayClaim(store.tenant, subject, nonce, timestamp, window));
  }
  return {
    plaintext: opened.plaintext,
    application,
    ...(activation !== undefined && { activation }),
    claims,
    seal: (plaintext, at) => sealResponse(crypto, random, opened.exchange, plaintext, at),
  };
}

/**
 * Remembers an opened envelope of activation scope and checks, in the same commit, that its application is supported
 * and its activation ACTIVE. For endpoints where nothing else is committed. Refuses `decryption-failed`, `replayed`.
 */
export function claimEnvelope(
  deps: Pick<Deps, "store">,
  opened: OpenedEnvelope,
): Promise<{ activation: ActivationRow; now: number } | Refusal> {
  if (opened.activation === undefined) throw new TypeError("Only envelopes of an activation are claimed here");
  return deps.store.commit<{ activation: ActivationRow; now: number } | Refusal>({
    activationId: opened.activation.id,
    applicationKey: opened.application.applicationKey,
    claims: opened.claims,
    evaluate({ claimed, supported, activation }, now) {
      if (!claimed) return { result: refuse("replayed") };
      if (supported !== true || activation?.status !== "ACTIVE") {
        return { result: refuse("decryption-failed"), claims: "release" };
      }
      return { result: { activation, now } };
    },
  });
}

export function envelopeWindow(config: Pick<Deps["config"], "envelopeSeconds">): TimeWindow {
  return { age: config.envelopeSeconds * 1000, skew: config.envelopeSeconds * 1000 };
}

interface Recipient {
  readonly privateKey: PrivateKey;
  readonly application?: ApplicationVersion | undefined;
  readonly activation?: ActivationRow | undefined;
  readonly transportKey?: SecretKey | undefined;
  /** Stands for an activation that is not there, so that its absence takes as long as a wrong envelope. */
  readonly decoy: boolean;
}

/** Whose key an envelope is for. Shared with `decryptor.ts`, which opens nothing itself. */
export async function recipientOf(
  deps: EnvelopeDeps,
  encryptor: Encryptor,
  header: EncryptionHeader,
  temporaryKeyId: string | undefined,
  now: number,
): Promise<Recipient | Refusal> {
  const { versions } = deps;
  const application = await versions.find(header.applicationKey);
  const inActivation = encryptor.scope === "activation";
  if (inActivation && header.activationId === undefined) return refuse("invalid-request");
  const activationId = header.activationId?.toLowerCase();
  const found = inActivation && activationId !== undefined ? await findPowerAuth(deps, activationId) : undefined;
  const allowed = application !== undefined && mayOpen(application, found, header, inActivation);
  const activation = allowed ? found : undefined;
  const base = {
    application,
    activation,
    decoy: !allowed,
    ...(inActivation && {
      transportKey: activation ? deps.activationKeys.keysOf(activation).transport : decoyKey(deps),
    }),
  };
  if (header.version.temporaryKeys) {
    if (temporaryKeyId === undefined) return refuse("invalid-request");
    const scope = { applicationKey: header.applicationKey, ...(inActivation && { activationId }) };
    const privateKey = await findTemporaryKey(deps, temporaryKeyId, scope, now);
    return privateKey === undefined ? refuse("temporary-key-missing") : { ...base, privateKey };
  }
  if (!allowed) return { ...base, privateKey: decoyPrivateKey(deps) };
  if (activation !== undefined) return { ...base, privateKey: serverKeyOf(deps, activation) };
  const privateKey = await masterKeyOf(deps, application.applicationId);
  if (privateKey === undefined) throw new Error("Application of a version is missing");
  return { ...base, privateKey };
}

/** Keys were exchanged, the application is its own, and the version is neither too old for it nor for the application. */
function mayOpen(
  application: ApplicationVersion,
  activation: ActivationRow | undefined,
  { version }: EncryptionHeader,
  inActivation: boolean,
): boolean {
  if (version.order < (versionRow(application.minVersion)?.order ?? Infinity)) return false;
  if (!inActivation) return true;
  if (activation === undefined || activation.keys_sealed === null || activation.status === "REMOVED") return false;
  if (activation.application_id !== application.applicationId) return false;
  const floor = versionRow(activation.version_floor ?? version.version);
  return floor !== undefined && version.order >= floor.order;
}

// Known to everybody and worth nothing: whatever opens with them is refused all the same.
const decoyBytes = new Uint8Array(32).fill(1);
const decoyPlace = { table: "activation", column: "server_private_sealed", row: "" };
const sealedDecoys = new WeakMap<Deps["secrets"], string>();

/** Unsealed each time, as a real one is. */
function decoyPrivateKey({ crypto, secrets }: Pick<Deps, "crypto" | "secrets">): PrivateKey {
  const sealed = sealedDecoys.get(secrets) ?? secrets.seal(decoyPlace, decoyBytes);
  sealedDecoys.set(secrets, sealed);
  return crypto.importPrivateKey(secrets.open(decoyPlace, sealed)) as PrivateKey;
}

function decoyKey(deps: Pick<Deps, "crypto">): SecretKey {
  return deps.crypto.secretKey(decoyBytes.slice(0, 16));
}

/** JSON object out of an opened envelope. An empty plaintext is an empty object. Undefined for anything else. */
export function jsonObject(plaintext: Bytes): Record<string, unknown> | undefined {
  if (plaintext.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plaintext));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
