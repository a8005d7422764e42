/** Codes, links, tokens and headers: each parser against a grammar that was written a second time, by other means. */
import { isFailure } from "@countersign/protocol/errors";
import { parseOfflineQr } from "@countersign/protocol/operation/offline-qr";
import { parsePacCode, parsePacDeeplink } from "@countersign/protocol/operation/pac";
import { encodeActivationCode, parseActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { readEncryptionHeader, readSignatureHeader, readTokenHeader } from "@countersign/protocol/powerauth/headers";
import { readTemporaryKeyRequest } from "@countersign/protocol/powerauth/temporary-key";
import fc from "fast-check";
import { rubbish, spoiled } from "../../tools/fuzz/inputs.ts";
import { isOfflineQr, offlineCodes } from "../../tools/fuzz/offline-qr.ts";
import { expectedPac, pacCodes } from "../../tools/fuzz/pac.ts";
import { pureTarget, type Target, type Verdict } from "./target.ts";

/** Accepted if and only if the grammar has it. */
function agree(accepted: boolean, expected: boolean): Verdict {
  return accepted === expected ? { accepted } : { accepted, wrong: accepted ? "accepted" : "refused" };
}

function texts(...right: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.oneof(...right, ...right.map(spoiled), rubbish);
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const base64 = (length: number) => bytes(length).map((value) => Buffer.from(value).toString("base64"));
const canonical = (text: string | undefined, ...lengths: number[]): boolean => {
  const decoded = Buffer.from(text ?? "", "base64");
  return decoded.toString("base64") === text && lengths.includes(decoded.length);
};

const codes = bytes(10).map(encodeActivationCode);
const scanned = fc.tuple(codes, base64(70)).map(([code, signature]) => `${code}#${signature}`);

/** CRC-16/ARC bit by bit over the digits read as one number; the implementation works by table and bytes. */
function isActivationCode(text: string): boolean {
  const [code = "", signature, ...more] = text.split("#");
  if (more.length > 0 || !/^[A-Z2-7]{5}(-[A-Z2-7]{5}){3}$/.test(code)) return false;
  if (signature !== undefined && !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(signature)) {
    return false;
  }
  if (signature === "") return false;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = [...code.replaceAll("-", "")]
    .map((digit) => alphabet.indexOf(digit).toString(2).padStart(5, "0"))
    .join("");
  bits = bits.slice(0, 96);
  let crc = 0;
  for (let at = 0; at < 80; at++) {
    // Least significant bit of each byte first.
    const bit = Number(bits[(at & ~7) + 7 - (at & 7)]);
    crc = (crc ^ bit) & 1 ? ((crc >> 1) ^ 0xa001) & 0xffff : crc >> 1;
  }
  return Number.parseInt(bits.slice(80), 2) === crc;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const versionPattern = /^3\.[0-3]$/;
const listPattern = /^PowerAuth (?:[, \t]|[A-Za-z0-9_]+=(?:"[^"]*"|[^", \t]*)(?=[, \t]|$))*$/;

function headerMembers(value: string): Readonly<Record<string, string | undefined>> | undefined {
  const text = value.trim();
  if (!listPattern.test(text)) return undefined;
  const list = text.slice("PowerAuth ".length).matchAll(/([A-Za-z0-9_]+)=(?:"([^"]*)"|([^", \t]*))/g);
  return Object.assign(Object.create(null), Object.fromEntries([...list].map(([, name, a, b]) => [name, a ?? b])));
}

const combination = /^(possession(_knowledge|_biometry|_knowledge_biometry)?|knowledge|biometry)$/i;

function isSignatureHeader(value: string): boolean {
  const members = headerMembers(value);
  const signature = members?.pa_signature ?? "";
  return (
    members !== undefined &&
    uuidPattern.test(members.pa_activation_id ?? "") &&
    canonical(members.pa_application_key, 16) &&
    canonical(members.pa_nonce, 16) &&
    combination.test(members.pa_signature_type ?? "") &&
    (/^\d{8}(-\d{8}){0,2}$/.test(signature) || canonical(signature, 16, 32, 48)) &&
    versionPattern.test(members.pa_version ?? "")
  );
}

function isTokenHeader(value: string): boolean {
  const members = headerMembers(value);
  return (
    members !== undefined &&
    uuidPattern.test(members.token_id ?? "") &&
    canonical(members.token_digest, 32) &&
    canonical(members.nonce, 16) &&
    /^[0-9]{9,15}$/.test(members.timestamp ?? "") &&
    versionPattern.test(members.version ?? "")
  );
}

function isEncryptionHeader(value: string): boolean {
  const members = headerMembers(value);
  return (
    members !== undefined &&
    canonical(members.application_key, 16) &&
    (members.activation_id === undefined || uuidPattern.test(members.activation_id)) &&
    versionPattern.test(members.version ?? "")
  );
}

function header(members: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const separator = fc.constantFrom(", ", ",", " ", "\t", " , ");
  const quote = fc.constantFrom('"', '"', '"', "");
  return fc.tuple(fc.record(members), separator, quote, fc.boolean()).map(([values, between, mark, turned]) => {
    const pairs = Object.entries(values).map(([name, value]) => `${name}=${mark}${value}${mark}`);
    return `PowerAuth ${(turned ? pairs.toReversed() : pairs).join(between)}`;
  });
}

const uuid = fc.oneof(
  fc.uuid({ version: [1, 4, 5] }),
  fc.uuid({ version: 4 }).map((id) => id.toUpperCase()),
);
const version = fc.constantFrom("3.0", "3.1", "3.2", "3.3", "3.4", "4.0", "2.1");
const factors = fc.constantFrom(
  "possession",
  "knowledge",
  "possession_knowledge",
  "POSSESSION_BIOMETRY",
  "constructor",
);
const digits = fc.stringMatching(/^[0-9]{8}(-[0-9]{8}){0,2}$/);
const signatureHeaders = header({
  pa_activation_id: uuid,
  pa_application_key: base64(16),
  pa_nonce: base64(16),
  pa_signature_type: factors,
  pa_signature: fc.oneof(base64(32), base64(16), digits),
  pa_version: version,
});
const tokenHeaders = header({
  token_id: uuid,
  token_digest: base64(32),
  nonce: base64(16),
  timestamp: fc.stringMatching(/^[0-9]{8,16}$/),
  version,
});
const encryptionHeaders = fc.oneof(
  header({ version, application_key: base64(16), activation_id: uuid }),
  header({ version, application_key: base64(16) }),
);

const part = (value: fc.Arbitrary<unknown>) =>
  value.map((one) => Buffer.from(JSON.stringify(one) ?? "").toString("base64url"));
const jwts = fc
  .tuple(
    part(fc.oneof(fc.constant({ alg: "HS256", typ: "JWT" }), fc.record({ alg: fc.constantFrom("none", "HS256", 1) }))),
    part(
      fc.record(
        {
          applicationKey: fc.oneof(base64(16), base64(15), fc.constant(7)),
          challenge: fc.oneof(base64(18), fc.constantFrom("", null)),
          activationId: fc.oneof(fc.uuid(), fc.constantFrom(null, 7)),
        },
        { requiredKeys: [] },
      ),
    ),
    bytes(32).map((value) => Buffer.from(value).toString("base64url")),
  )
  .map((parts) => parts.join("."));

function isKeyRequest(jwt: string): boolean {
  const parts = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/.exec(jwt)?.slice(1);
  if (parts === undefined) return false;
  const decoded = parts.map((one) => Buffer.from(one, "base64url"));
  if (decoded.some((value, at) => value.toString("base64url") !== parts[at])) return false;
  const [head, claims] = decoded.slice(0, 2).map(objectOf);
  if (head?.alg !== "HS256" || claims === undefined) return false;
  const { applicationKey, activationId, challenge } = claims;
  return (
    typeof applicationKey === "string" &&
    canonical(applicationKey, 16) &&
    typeof challenge === "string" &&
    challenge !== "" &&
    (activationId === undefined || activationId === null || typeof activationId === "string")
  );
}

function objectOf(value: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value));
    return Object.prototype.toString.call(json) === "[object Object]" ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Each part of a pac link is read twice: as a code, and as a link. */
function pacVerdict(input: string): Verdict {
  const parsed = parsePacCode(input);
  const expected = expectedPac(input);
  if (isFailure(parsed)) return agree(false, expected !== undefined);
  const same = JSON.stringify(parsed) === JSON.stringify(expected);
  const link = parsePacDeeplink(input);
  const linked = isFailure(link) || JSON.stringify(link) === JSON.stringify(expected);
  return same && linked ? { accepted: true } : { accepted: true, wrong: "read as something else" };
}

export const textTargets: readonly Target[] = [
  pureTarget("offline QR codes", 20, offlineCodes, (code) =>
    agree(!isFailure(parseOfflineQr(code)), isOfflineQr(code)),
  ),
  pureTarget("deep links and proximity codes", 20, pacCodes, pacVerdict),
  pureTarget("activation codes", 10, texts(codes, scanned), (text) =>
    agree(!isFailure(parseActivationCode(text)), isActivationCode(text)),
  ),
  pureTarget("JWTs of temporary keys", 10, texts(jwts), (jwt) =>
    agree(!isFailure(readTemporaryKeyRequest(jwt)), isKeyRequest(jwt)),
  ),
  pureTarget("signature headers", 10, texts(signatureHeaders), (value) =>
    agree(!isFailure(readSignatureHeader(value)), isSignatureHeader(value)),
  ),
  pureTarget("token headers", 5, texts(tokenHeaders), (value) =>
    agree(!isFailure(readTokenHeader(value)), isTokenHeader(value)),
  ),
  pureTarget("encryption headers", 5, texts(encryptionHeaders), (value) =>
    agree(!isFailure(readEncryptionHeader(value)), isEncryptionHeader(value)),
  ),
];
