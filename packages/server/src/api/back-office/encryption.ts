/** `/rest/v3/vault`, `/ecies`, `/keystore`, `/upgrade`: what front servers need to answer encrypted requests of devices. */
import { factorCombination } from "@countersign/protocol/powerauth/signature";
import { type VersionRow, versionRow } from "@countersign/protocol/powerauth/versions";
import { Type } from "typebox";
import { unlockVaultForBackOffice } from "../../activations/vault.ts";
import type { Deps } from "../../deps.ts";
import { createDecryptor } from "../../encryption/decryptor.ts";
import { createTemporaryKey, removeTemporaryKey } from "../../encryption/temporary-key.ts";
import { isRefusal, RefusedError, refuse } from "../../errors.ts";
import { id, orNull, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { findPowerAuthFor, requireApplicationOfKey } from "./activation-access.ts";
import { call } from "./call.ts";

const timestamp = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** An encrypted request of a device, member by member. Which of them a version has is checked when it is opened. */
export const cryptogram = {
  temporaryKeyId: orNull(id),
  ephemeralPublicKey: text(255),
  encryptedData: Type.String(),
  mac: text(255),
  nonce: orNull(text(64)),
  timestamp: orNull(timestamp),
};

export interface Cryptogram {
  readonly temporaryKeyId?: string | null;
  readonly ephemeralPublicKey: string;
  readonly encryptedData: string;
  readonly mac: string;
  readonly nonce?: string | null;
  readonly timestamp?: number | null;
}

/** Only its members, and of those only what is there. */
export function cryptogramOf(input: Cryptogram): object {
  const { temporaryKeyId, ephemeralPublicKey, encryptedData, mac, nonce, timestamp: time } = input;
  const members = { temporaryKeyId, ephemeralPublicKey, encryptedData, mac, nonce, timestamp: time };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));
}

/** Throws `invalid-request` for a version that does not exist. */
export function versionOf(value: string, member: string): VersionRow {
  const version = versionRow(value);
  if (version === undefined) throw new RefusedError(refuse("invalid-request", `${member} - unknown`));
  return version;
}

const unlockRequest = Type.Object({
  activationId: id,
  applicationKey: text(64),
  signature: text(255),
  signatureType: text(64),
  signatureVersion: text(8),
  signedData: Type.String(),
  ...cryptogram,
});

const decryptorRequest = Type.Object({
  activationId: orNull(id),
  applicationKey: text(64),
  temporaryKeyId: orNull(id),
  ephemeralPublicKey: text(255),
  nonce: orNull(text(64)),
  protocolVersion: text(8),
  timestamp: orNull(timestamp),
});

export function encryptionRoutes(app: Api, deps: Deps): void {
  call(app, "/vault/unlock", "integrate", unlockRequest, async (input, client) => {
    const version = versionOf(input.signatureVersion, "signatureVersion");
    const factors = factorCombination(input.signatureType);
    if (factors === undefined) return refuse("invalid-request", "signatureType - unknown");
    const activation = await findPowerAuthFor(deps, client, input.activationId);
    if (activation === undefined) return refuse("activation-not-found");
    const { applicationKey, signature, signedData: base } = input;
    const unlocked = await unlockVaultForBackOffice(deps, {
      header: { applicationKey, activationId: activation.id, version },
      cryptogram: cryptogramOf(input),
      request: { activationId: activation.id, applicationKey, factors, version, signature, base },
    });
    if (isRefusal(unlocked)) return unlocked;
    return { ...unlocked.answer, signatureValid: unlocked.signatureValid };
  });

  call(app, "/ecies/decryptor", "integrate", decryptorRequest, async (input, client) => {
    await requireApplicationOfKey(deps, client, input.applicationKey);
    return createDecryptor(deps, {
      header: {
        applicationKey: input.applicationKey,
        activationId: input.activationId ?? undefined,
        version: versionOf(input.protocolVersion, "protocolVersion"),
      },
      temporaryKeyId: input.temporaryKeyId ?? undefined,
      ephemeralPublicKey: input.ephemeralPublicKey,
      nonce: input.nonce ?? undefined,
      timestamp: input.timestamp ?? undefined,
    });
  });

  call(app, "/keystore/create", "integrate", Type.Object({ jwt: text(8192) }), async (input) => {
    const created = await createTemporaryKey(deps, input.jwt);
    return isRefusal(created) ? created : { jwt: created.jwt };
  });

  call(app, "/keystore/remove", "integrate", Type.Object({ id }), async (input) => ({
    id: input.id,
    ...(await removeTemporaryKey(deps, input.id)),
  }));

  // From protocol 2, which no activation here has ever had.
  const upgradeRequest = Type.Object({ activationId: id, applicationKey: text(64) });
  for (const path of ["/upgrade/start", "/upgrade/commit"]) {
    call(app, path, "integrate", upgradeRequest, async ({ activationId }, client) => {
      const activation = await findPowerAuthFor(deps, client, activationId);
      return refuse(activation === undefined ? "activation-not-found" : "upgrade-not-possible");
    });
  }
}
