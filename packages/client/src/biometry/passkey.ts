/**
 * Biometry in a browser: a passkey whose authenticator, after verifying the person, computes a secret (WebAuthn PRF).
 * That secret wraps the biometry key, and is nowhere stored. One passkey for each activation.
 *
 * The texts of a prompt are not shown: the browser has its own. What the person shows (finger, face, the device's own
 * PIN) is the authenticator's choice and not told. Needs a secure context with a host name.
 */
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import {
  BiometryFailure,
  type BiometryFailureCode,
  type BiometryInfo,
  type BiometryProvider,
} from "../engine/biometry.ts";
import type { DeviceStorage } from "../storage/port.ts";

export interface PasskeyBiometryOptions {
  /** Where the wrapped keys and the passkeys' ids are kept. */
  readonly storage: DeviceStorage;
  /** Shown by the browser beside its prompt: name of the application, and of the passkey in a list of them. */
  readonly applicationName: string;
  readonly userName: string;
  /** The domain the passkey is for; the page's own host unless given. */
  readonly rpId?: string;
  /** Milliseconds that the person may take. */
  readonly timeout?: number;
}

export function passkeyBiometry(options: PasskeyBiometryOptions): BiometryProvider {
  const { storage } = options;
  const recordName = (name: string) => `${name}/passkey`;
  const read = async (name: string) => decode(await storage.get(recordName(name)));

  return {
    info: biometryInfo,
    has: async (name) => (await read(name)) !== undefined,
    async store(name, key) {
      const known = await read(name);
      const salt = randomBytes(32);
      const credentialId = known?.credentialId ?? (await createPasskey(options));
      const secret = await evaluate(options, credentialId, salt);
      await storage.set(recordName(name), encode({ credentialId, salt, ...(await wrap(secret, name, key)) }));
    },
    async load(name) {
      const record = await read(name);
      if (record === undefined) throw new BiometryFailure("NOT_CONFIGURED");
      return unwrap(await evaluate(options, record.credentialId, record.salt), name, record);
    },
    async remove(name) {
      const record = await read(name);
      await storage.remove(recordName(name));
      if (record !== undefined) await forgetPasskey(options, record.credentialId);
    },
  };
}

type Buffer = Uint8Array<ArrayBuffer>;

interface PasskeyRecord extends Wrapped {
  readonly credentialId: Buffer;
  /** Input of the PRF, new for each wrapped key. */
  readonly salt: Buffer;
}

interface Wrapped {
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

async function biometryInfo(): Promise<BiometryInfo> {
  const supported = { biometryType: "GENERIC", isAvailable: true } as const;
  const none = { isAvailable: false, biometryType: "NONE" } as const;
  const { PublicKeyCredential: credentials } = globalThis;
  if (credentials === undefined || !isSecureContext) return { ...none, canAuthenticate: "NOT_SUPPORTED" };
  const can = await credentials.getClientCapabilities?.().catch(() => undefined);
  if (can?.["extension:prf"] === false) return { ...none, canAuthenticate: "NOT_SUPPORTED" };
  const isThere = await credentials.isUserVerifyingPlatformAuthenticatorAvailable();
  return isThere ? { ...supported, canAuthenticate: "OK" } : { ...none, canAuthenticate: "NOT_AVAILABLE" };
}

async function createPasskey({ applicationName, userName, rpId, timeout }: PasskeyBiometryOptions): Promise<Buffer> {
  const credential = await asking(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { name: applicationName, ...(rpId !== undefined && { id: rpId }) },
        user: { id: randomBytes(16), name: userName, displayName: userName },
        // Nothing is signed for a server: the passkey is wanted for its PRF alone.
        challenge: randomBytes(32),
        pubKeyCredParams: [
          { type: "public-key", alg: -7 },
          { type: "public-key", alg: -257 },
        ],
        authenticatorSelection: {
          authenticatorAttachment: "platform",
          residentKey: "preferred",
          userVerification: "required",
        },
        extensions: { prf: {} },
        ...(timeout !== undefined && { timeout }),
      },
    }),
  );
  if (credential.getClientExtensionResults().prf?.enabled === true) return new Uint8Array(credential.rawId);
  throw new BiometryFailure("NOT_SUPPORTED", "The authenticator computes no PRF");
}

/** Asks the person, and gives the 32 bytes that the authenticator computes for the salt. */
async function evaluate({ rpId, timeout }: PasskeyBiometryOptions, id: Buffer, salt: Buffer): Promise<Buffer> {
  const credential = await asking(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: randomBytes(32),
        allowCredentials: [{ type: "public-key", id }],
        userVerification: "required",
        extensions: { prf: { eval: { first: salt } } },
        ...(rpId !== undefined && { rpId }),
        ...(timeout !== undefined && { timeout }),
      },
    }),
  );
  const secret = credential.getClientExtensionResults().prf?.results?.first;
  if (secret === undefined) throw new BiometryFailure("NOT_SUPPORTED", "The authenticator computed no PRF");
  const bytes = ArrayBuffer.isView(secret)
    ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
    : new Uint8Array(secret);
  return Uint8Array.from(bytes);
}

/** Tells the browser that nobody will ask for it again. Where it cannot be told, the passkey stays, and opens nothing. */
async function forgetPasskey({ rpId = location.hostname }: PasskeyBiometryOptions, id: Buffer): Promise<void> {
  const credentials = globalThis.PublicKeyCredential as
    | { signalUnknownCredential?(signal: { rpId: string; credentialId: string }): Promise<void> }
    | undefined;
  await credentials?.signalUnknownCredential?.({ rpId, credentialId: toBase64Url(id) }).catch(() => undefined);
}

const failures: Readonly<Record<string, BiometryFailureCode>> = {
  // The person refused, or took too long, or was not recognised: browsers do not tell these apart.
  NotAllowedError: "CANCEL",
  AbortError: "CANCEL",
  NotSupportedError: "NOT_SUPPORTED",
  ConstraintError: "NOT_AVAILABLE",
  SecurityError: "NOT_AVAILABLE",
};

async function asking(run: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await run();
  } catch (cause) {
    const name = cause instanceof Error || cause instanceof DOMException ? cause.name : "";
    throw new BiometryFailure(failures[name] ?? "FAILED", "The browser released no secret", { cause });
  }
  if (credential === null) throw new BiometryFailure("CANCEL");
  return credential as PublicKeyCredential;
}

async function wrap(secret: Buffer, name: string, key: Uint8Array): Promise<Wrapped> {
  const nonce = randomBytes(12);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: label(name) };
  const wrapping = await wrappingKey(secret, "encrypt");
  return { nonce, ciphertext: new Uint8Array(await crypto.subtle.encrypt(parameters, wrapping, Uint8Array.from(key))) };
}

/** The secret has 256 bits that only the authenticator knows, so the tag helps nobody to guess. */
async function unwrap(secret: Buffer, name: string, { nonce, ciphertext }: Wrapped): Promise<Uint8Array> {
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: label(name) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, await wrappingKey(secret, "decrypt"), ciphertext));
  } catch (cause) {
    throw new BiometryFailure("FAILED", "The passkey does not open this key", { cause });
  }
}

async function wrappingKey(secret: Buffer, usage: "encrypt" | "decrypt"): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  secret.fill(0);
  const derivation = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(0),
    info: buffer(utf8("countersign biometry")),
  };
  return crypto.subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, [usage]);
}

function label(name: string): Buffer {
  return buffer(utf8(`countersign passkey 1 ${name}`));
}

function randomBytes(length: number): Buffer {
  return crypto.getRandomValues(new Uint8Array(length));
}

const members = ["credentialId", "salt", "nonce", "ciphertext"] as const;

function encode(record: PasskeyRecord): Uint8Array {
  return utf8(JSON.stringify({ version: 1, ...mapMembers((name) => toBase64Url(record[name])) }));
}

/** A record that cannot be read is as good as none: the factor is set up again. */
function decode(bytes: Uint8Array | undefined): PasskeyRecord | undefined {
  if (bytes === undefined) return undefined;
  try {
    const record = JSON.parse(fromUtf8(bytes) ?? "") as Record<string, unknown>;
    return record.version === 1 ? mapMembers((name) => readMember(record[name])) : undefined;
  } catch {
    return undefined;
  }
}

function mapMembers<T>(map: (name: (typeof members)[number]) => T) {
  return Object.fromEntries(members.map((name) => [name, map(name)])) as Record<(typeof members)[number], T>;
}

function readMember(value: unknown): Buffer {
  const bytes = typeof value === "string" ? fromBase64Url(value) : undefined;
  if (bytes === undefined) throw new TypeError("Not a member of a passkey record");
  return buffer(bytes);
}

/** The same bytes as the browser's own functions want them. */
function buffer(bytes: Uint8Array): Buffer {
  return Uint8Array.from(bytes);
}
