/**
 * Wycheproof's JOSE files, and its ECDH keys in JWK, through the functions of the Approve protocol. Their messages are not
 * ours, so that reading refuses all of them; what is compared is what stands under it: verifying, opening, importing keys.
 */
import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import { fromHex, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { openerOf, readEnvelope } from "@countersign/protocol/approve/jwe";
import { importVerifier, verifyCompact } from "@countersign/protocol/approve/jws";
import { isPublicJwk } from "@countersign/protocol/approve/keys";
import { readMessage } from "@countersign/protocol/approve/message";
import { response } from "@countersign/protocol/approve/response";
import { importJWK, type CryptoKey } from "jose";

type Jwk = Readonly<Record<string, unknown>>;

interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: "valid" | "invalid";
  readonly jws?: unknown;
  readonly jwe?: unknown;
  readonly pt?: string;
}

interface Group<One = Case> {
  readonly comment: string;
  readonly private?: Jwk & { readonly keys?: readonly Jwk[] };
  readonly public?: Jwk & { readonly keys?: readonly Jwk[] };
  readonly tests: readonly One[];
}

export type JoseCheck = (content: unknown) => Promise<void>;

export const joseChecks: ReadonlyMap<string, JoseCheck> = new Map<string, JoseCheck>([
  ["wycheproof/json_web_signature_test.json", checkFile],
  ["wycheproof/json_web_key_test.json", checkFile],
  ["wycheproof/json_web_crypto_test.json", checkFile],
  ["wycheproof/json_web_encryption_test.json", checkFile],
  ["wycheproof/ecdh_secp256r1_webcrypto_test.json", checkEcdh],
]);

/** Cases that Wycheproof calls valid and we refuse, or the reverse, by their comment, and why. */
const differences: Readonly<Record<string, string>> = {
  // A container's keys have no `use`, `key_ops` or `alg`: the server's record says what a key is for (APV-KEY-2), and a
  // JWK with more than four members is refused as a whole (APV-ENR-3). Reduced to the four, the signature is right.
  rejectWrongUse: "use",
  rejectWrongKeyOps: "use",
  mismatchedAlgAndCurve: "use",
  "rejectsModifiedKey of invalid_use": "use",
};

async function checkFile(content: unknown): Promise<void> {
  const { testGroups } = content as { readonly testGroups: readonly Group[] };
  const seen = { verified: 0, opened: 0, refused: 0, explained: 0 };
  const disagreements: string[] = [];
  for (const group of testGroups) {
    for (const test of group.tests) {
      const text = String(test.jws ?? test.jwe);
      assert.ok(isFailure(readMessage(response, text)), "a message of ours");
      assert.ok(isFailure(readEnvelope(text)), "an envelope of ours");
      const accepted = test.jwe === undefined ? await verifies(group, text) : await opens(group, test, text);
      if (accepted) seen[test.jwe === undefined ? "verified" : "opened"]++;
      else seen.refused++;
      if (accepted === expected(test, text, group)) continue;
      const explained = differences[test.comment] ?? differences[`${test.comment} of ${group.comment}`];
      if (explained === undefined) disagreements.push(`${group.comment} ${test.tcId} ${test.comment}: ${accepted}`);
      else seen.explained++;
    }
  }
  assert.deepEqual(disagreements, []);
  assert.ok(seen.refused > 0 && seen.verified + seen.opened > 0, JSON.stringify(seen));
}

/** Valid, and of the one algorithm that a key of ours has (APV-OBJ-2). */
function expected({ result }: Case, text: string, group: Group): boolean {
  if (result !== "valid" || keyOf(group) === undefined) return false;
  const header = headerOf(text);
  return header?.alg === "ES256" || (header?.alg === "ECDH-ES" && header.enc === "A256GCM");
}

function headerOf(text: string): Jwk | undefined {
  try {
    return JSON.parse(Buffer.from(text.split(".")[0] ?? "", "base64url").toString()) as Jwk;
  } catch {
    return undefined;
  }
}

/** The group's key on P-256, or the one that is said to be. A set of keys is tried as its last EC key. */
function keyOf({ private: secret, public: open }: Group): Jwk | undefined {
  const whole = open ?? secret;
  const key = whole?.keys?.findLast(({ kty }) => kty === "EC") ?? whole;
  return key?.kty === "EC" ? key : undefined;
}

function publicOf({ kty, crv, x, y }: Jwk): Jwk {
  return { kty, crv, x, y };
}

async function verifies(group: Group, text: string): Promise<boolean> {
  const key = keyOf(group);
  if (key === undefined) return false;
  assert.equal(isPublicJwk(key), false, "more members than a key of ours has");
  const jwk = publicOf(key);
  if (!isPublicJwk(jwk)) return false;
  const verifier = await importVerifier(jwk);
  return !isFailure(verifier) && (await verifyCompact({ text, claims: {} }, verifier));
}

async function opens(group: Group, { pt }: Case, text: string): Promise<boolean> {
  const { private: secret } = group;
  if (secret?.kty !== "EC" || secret.crv !== "P-256") return false;
  const { kty, crv, x, y, d } = secret;
  const key = (await importJWK({ kty, crv, x, y, d } as never, "ECDH-ES")) as CryptoKey;
  const opened = await openerOf("container", key).open(text);
  if (opened !== undefined && pt !== undefined) assert.equal(Buffer.from(opened).toString("hex"), pt);
  return opened !== undefined;
}

interface EcdhCase {
  readonly tcId: number;
  readonly public: Jwk;
  readonly private: Jwk;
  readonly shared: string;
  readonly result: string;
}

/** An envelope is made of the shared secret as it is given: it opens if and only if the agreement comes to the same. */
async function checkEcdh(content: unknown): Promise<void> {
  const { testGroups } = content as { readonly testGroups: readonly { readonly tests: readonly EcdhCase[] }[] };
  const tests = testGroups.flatMap((group) => group.tests);
  const disagreements: number[] = [];
  for (const test of tests) {
    // Their keys have a name, which an ephemeral key of ours has not.
    const jwe = envelopeOf(publicOf(test.public), fromHex(test.shared) ?? new Uint8Array());
    const key = (await importJWK({ ...test.private } as never, "ECDH-ES")) as CryptoKey;
    const opened = isFailure(readEnvelope(jwe)) ? undefined : await openerOf("container", key).open(jwe);
    if ((opened === "the message") !== (test.result === "valid")) disagreements.push(test.tcId);
  }
  assert.ok(tests.length > 300);
  assert.deepEqual(disagreements, []);
}

function envelopeOf(epk: object, shared: Uint8Array): string {
  const [apu, apv] = ["server", "container"].map((name) => toBase64Url(utf8(name)));
  const head = { alg: "ECDH-ES", enc: "A256GCM", cty: "JWT", kid: "container", epk, apu, apv };
  const header = toBase64Url(utf8(JSON.stringify(head)));
  // RFC 7518 §4.6.2, one round of SHA-256: 256 bits for A256GCM between these two names.
  const info = Buffer.from("\0\0\0\x07A256GCM\0\0\0\x06server\0\0\0\x09container\0\0\x01\0", "latin1");
  const cek = createHash("sha256")
    .update(Buffer.of(0, 0, 0, 1))
    .update(shared)
    .update(info)
    .digest();
  const iv = Buffer.alloc(12, 7);
  const cipher = createCipheriv("aes-256-gcm", cek, iv);
  cipher.setAAD(Buffer.from(header));
  const sealed = Buffer.concat([cipher.update("the message"), cipher.final()]);
  return [header, "", ...[iv, sealed, cipher.getAuthTag()].map((part) => part.toString("base64url"))].join(".");
}
