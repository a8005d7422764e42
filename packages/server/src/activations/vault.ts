/** Unlocks the vault: a signature of two factors gets the key under which the device keeps its private key. */
import { utf8 } from "@countersign/protocol/bytes";
import { type EncryptedResponse, encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { wrapVaultKey } from "@countersign/protocol/powerauth/vault";
import type { Deps } from "../deps.ts";
import { type EnvelopeDeps, jsonObject, openEnvelope } from "../encryption/envelope.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import {
  authenticate,
  type Authentication,
  evidenceData,
  type Listener,
  type SignedRequest,
} from "../signatures/authenticate.ts";

export interface UnlockedVault {
  /** Base64: the vault key under the transport key. */
  readonly encryptedVaultEncryptionKey: string;
  /** The server's time of the commit. */
  readonly now: number;
}

type VaultDeps = Parameters<typeof authenticate>[0];

/** Combinations that may unlock: with the PIN; with biometry where configured. */
export function vaultFactors(config: Pick<Deps["config"], "vaultByBiometry">): readonly FactorCombination[] {
  return config.vaultByBiometry ? ["possession_knowledge", "possession_biometry"] : ["possession_knowledge"];
}

/**
 * Signature, counter and audit of the unlocking in one commit. `plaintext` is what the envelope held. Refuses
 * `vault-factor`, without looking at the signature for wrong factors, after it for a reason that is none.
 */
export async function unlockVault(
  deps: VaultDeps,
  listener: Listener,
  request: SignedRequest,
  plaintext: Uint8Array,
): Promise<Authentication<UnlockedVault | Refusal> | Refusal> {
  if (!vaultFactors(deps.config).includes(request.factors)) return refuse("vault-factor");
  const reason = reasonOf(plaintext);
  return authenticate<UnlockedVault | Refusal>(deps, listener, request, {
    accepted(proof, _rows, now) {
      if (reason === undefined) return { result: refuse("vault-factor") };
      const { activation } = proof;
      const { transport, vault } = deps.activationKeys.keysOf(activation);
      const event = {
        type: "vault.unlocked",
        subject: activation.id,
        applications: [activation.application_id],
        data: { ...evidenceData(proof), reason },
      } as const;
      const encryptedVaultEncryptionKey = wrapVaultKey(deps.crypto, transport, vault);
      return { result: { encryptedVaultEncryptionKey, now }, writes: { events: [event] } };
    },
  });
}

export interface VaultUnlockForBackOffice {
  /** With the activation's id. */
  readonly header: EncryptionHeader;
  /** Encrypted by the device for `/pa/vault/unlock`. */
  readonly cryptogram: unknown;
  readonly request: SignedRequest;
}

/**
 * For a front server: opens, verifies and answers in one call. Refuses as `openEnvelope` does, and `vault-factor`. A
 * wrong signature is no refusal, as in `verifyForBackOffice`: `answer` is absent then.
 */
export async function unlockVaultForBackOffice(
  deps: EnvelopeDeps & VaultDeps,
  input: VaultUnlockForBackOffice,
): Promise<{ signatureValid: boolean; answer?: EncryptedResponse } | Refusal> {
  const opened = await openEnvelope(deps, encryptorIds.vaultUnlock, input.header, input.cryptogram);
  if (isRefusal(opened)) return opened;
  const authentication = await unlockVault(deps, "back-office", input.request, opened.plaintext);
  if (isRefusal(authentication)) return authentication;
  if (!authentication.valid) return { signatureValid: false };
  const { result } = authentication;
  if (isRefusal(result)) return result;
  return { signatureValid: true, answer: opened.seal(vaultPlaintext(result), result.now) };
}

/** What the device finds in the encrypted answer. */
export function vaultPlaintext({ encryptedVaultEncryptionKey }: UnlockedVault): Uint8Array {
  return utf8(JSON.stringify({ encryptedVaultEncryptionKey }));
}

/** Why the device asks; undefined where the text is none. No SDK leaves it out. */
function reasonOf(plaintext: Uint8Array): string | undefined {
  const reason = jsonObject(plaintext)?.reason ?? "NOT_SPECIFIED";
  return typeof reason === "string" && /^[A-Za-z0-9_\-.]{3,255}$/.test(reason) ? reason : undefined;
}
