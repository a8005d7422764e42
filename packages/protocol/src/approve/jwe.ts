/**
 * What the server encrypts to a container: a signed message inside a JWE, ECDH-ES with A256GCM (Approve protocol §7). The
 * derived key is bound to the server's signing key and the container's key by `apu` and `apv` (APV-TX-2).
 */
import { compactDecrypt, CompactEncrypt, type CryptoKey, importJWK } from "jose";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../bytes.ts";
import { failure, type Failure } from "../errors.ts";
import { exactly, matches, text } from "./claims.ts";
import { longest } from "./jws.ts";
import { isPublicJwk, type PublicJwk } from "./keys.ts";
import { readStrictJsonObject } from "./strict-json.ts";

export interface Parties {
  /** Thumbprint of the key that signed the message inside. */
  readonly serverKid: string;
  /** `kid` of the container's `enc` key. */
  readonly containerKid: string;
}

/** Opens with the container's `enc` key, wherever it lives. Undefined when it does not open. */
export interface Opener {
  readonly kid: string;
  open(jwe: string): Promise<string | undefined>;
}

export async function sealMessage(
  message: string,
  to: PublicJwk,
  { serverKid, containerKid }: Parties,
): Promise<string> {
  return new CompactEncrypt(utf8(message))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", cty: "JWT", kid: containerKid })
    .setKeyManagementParameters({ apu: utf8(serverKid), apv: utf8(containerKid) })
    .encrypt(await importJWK({ ...to }, "ECDH-ES"));
}

const header = {
  required: {
    alg: exactly("ECDH-ES"),
    enc: exactly("A256GCM"),
    cty: exactly("JWT"),
    kid: text(64),
    epk: isPublicJwk,
    apu: text(128),
    apv: text(128),
  },
};

/** The parties an envelope names, before it is opened. */
export function readEnvelope(jwe: string): Parties | Failure {
  if (jwe.length > 2 * longest) return failure("message-too-long");
  const parts = jwe.split(".");
  const [head, key, iv, sealed, tag] = parts.map((part) => fromBase64Url(part));
  if (parts.length !== 5 || head === undefined || key?.length !== 0) return failure("message-malformed");
  if (iv?.length !== 12 || sealed === undefined || tag?.length !== 16) return failure("message-malformed");
  const read = readStrictJsonObject(head);
  if (read === undefined) return failure("message-malformed");
  if (!matches(read, header)) return failure("message-header-wrong");
  const serverKid = textOf(read.apu as string);
  const containerKid = textOf(read.apv as string);
  if (serverKid === undefined || containerKid === undefined || containerKid !== read.kid) {
    return failure("message-header-wrong");
  }
  return { serverKid, containerKid };
}

/** An opener over a key that WebCrypto holds, extractable or not. */
export function openerOf(kid: string, key: CryptoKey): Opener {
  return {
    kid,
    async open(jwe) {
      try {
        const { plaintext } = await compactDecrypt(jwe, key, {
          keyManagementAlgorithms: ["ECDH-ES"],
          contentEncryptionAlgorithms: ["A256GCM"],
        });
        return fromUtf8(plaintext);
      } catch {
        return undefined;
      }
    },
  };
}

function textOf(encoded: string): string | undefined {
  const bytes = fromBase64Url(encoded);
  return bytes === undefined || toBase64Url(bytes) !== encoded ? undefined : fromUtf8(bytes);
}
