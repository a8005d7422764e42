/** Approve messages, read by form: each reader against a grammar that was written a second time, by patterns. */
import { createHash } from "node:crypto";
import { isFailure } from "@countersign/protocol/errors";
import { readEnrolPayload } from "@countersign/protocol/approve/enrol";
import { readKeyProof } from "@countersign/protocol/approve/key-proof";
import { readMessage, type Message } from "@countersign/protocol/approve/message";
import { offer } from "@countersign/protocol/approve/offer";
import { readProof } from "@countersign/protocol/approve/proof";
import { reference } from "@countersign/protocol/approve/reference";
import { response } from "@countersign/protocol/approve/response";
import fc from "fast-check";
import { rubbish, spoiled } from "../../tools/fuzz/inputs.ts";
import { edited, edits, type Json } from "./requests.ts";
import { pureTarget, type Target } from "./target.ts";

type Members = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

const matching =
  (pattern: RegExp): Test =>
  (value) =>
    typeof value === "string" && pattern.test(value);
const whole: Test = (value) =>
  typeof value === "number" && value >= 0 && Math.trunc(value) === value && value < 2 ** 53;
/** Texts that every store keeps as they are: no NUL, no half of a surrogate pair. */
const sized =
  (most: number, least = 1): Test =>
  (value) =>
    typeof value === "string" &&
    value.length >= least &&
    value.length <= most &&
    value.isWellFormed() &&
    !value.includes("\0");
const oneOf = (...words: unknown[]): Test => new Set(words).has.bind(new Set(words));
const list = (most: number, least: number, item: Test): Test => {
  return (value) =>
    Array.isArray(value) && value.length <= most && value.length >= least && !value.some((one) => !item(one));
};
const id128 = matching(/^[\w-]{21}[AQgw]$/);
const sha256 = matching(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
const uuid4 = matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const uuid: Test = (value) => uuid4(value) && /^.{14}4.{4}[89ab]/.test(value as string);
const bool = oneOf(true, false);

/** Exactly these members, those with `?` or not at all. */
const object = (members: Readonly<Record<string, Test>>): Test => {
  return (value) => {
    if (Object.prototype.toString.call(value) !== "[object Object]") return false;
    const names = Object.keys(value as Members);
    const known = new Map(Object.entries(members).map(([name, test]) => [name.replace("?", ""), test]));
    if (names.some((name) => known.get(name)?.((value as Members)[name]) !== true)) return false;
    return Object.keys(members).every((name) => name.endsWith("?") || names.includes(name));
  };
};
const anyObject: Test = (value) => Object.prototype.toString.call(value) === "[object Object]";

const jwk = object({ kty: oneOf("EC"), crv: oneOf("P-256"), x: sha256, y: sha256 });
const url = sized(2048);
const grammars = {
  offer: object({
    iss: url,
    jti: id128,
    code: id128,
    iat: whole,
    exp: whole,
    dty: oneOf("apv1"),
    tenant: sized(64),
    sks: list(8, 1, sha256),
    "sub_hint?": sized(64),
  }),
  reference: object({
    iss: url,
    tid: uuid,
    act: oneOf("tx"),
    iat: whole,
    exp: whole,
    "cid?": uuid,
    "tk?": id128,
    "qr?": oneOf(1),
    "n?": whole,
  }),
  response: object({
    iss: uuid,
    aud: url,
    tid: uuid,
    nonce: id128,
    status: sized(64),
    tx_sha256: sha256,
    shown_sha256: sha256,
    iat: whole,
    exp: whole,
    jti: id128,
    seq: whole,
    prev: sha256,
    uv: object({ method: oneOf("none", "password", "biometry"), lock: oneOf("none", "counter", "delay", "silent") }),
    amr: list(8, 0, sized(16)),
    "num?": matching(/^[0-9]{6}$/),
    "ctx?": matching(/^(?=[^]{0,16384}$)[\w+/-]*={0,2}$/),
    "threats?": list(32, 0, anyObject),
  }),
  proof: object({ jti: id128, htm: sized(16), htu: url, iat: whole, cid: uuid, bsh: sha256, "nonce?": sized(256) }),
  enrol: object({
    code: id128,
    nonce: id128,
    iat: whole,
    aud: url,
    keys: list(4, 4, object({ use: oneOf("auth", "tx", "enc", "pop"), jwk })),
    ver: list(8, 1, whole),
    algs: list(8, 1, sized(32)),
    device: object({
      platform: sized(32),
      osVersion: sized(64),
      hardwareKeys: bool,
      "name?": sized(64),
      "model?": sized(64),
      "rooted?": bool,
      "sdkVersion?": sized(32),
    }),
    "push?": object({
      platform: oneOf("apns", "fcm", "hms", "web"),
      token: sized(4096),
      "environment?": oneOf("development", "production"),
    }),
  }),
};

/** Members are counted twice, in the text and in what was read: a colon more than members is a member twice. */
function strictObject(bytes: Buffer): Members | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const bare = text.replace(/"(?:[^"\\]|\\[^])*"/g, "");
    let depth = 0;
    let deepest = 0;
    for (const one of bare)
      deepest = Math.max(deepest, (depth += "{[".includes(one) ? 1 : "}]".includes(one) ? -1 : 0));
    const isStrict = anyObject(value) && deepest <= 32 && bare.split(":").length - 1 === membersIn(value);
    return isStrict ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}

function membersIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value).reduce((sum: number, one) => sum + membersIn(one), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

function canonical(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/** The claims, when the form is right. */
function compact(text: string, most: number, header: Test): Members | undefined {
  const parts = text.split(".").map(canonical);
  if (text.length > most || parts.length !== 3 || parts.some((part) => part === undefined)) return undefined;
  const [head, claims, signature] = parts as [Buffer, Buffer, Buffer];
  const read = strictObject(head);
  return signature.length === 64 && read !== undefined && header(read) ? strictObject(claims) : undefined;
}

const named = (typ: string) => object({ alg: oneOf("ES256"), typ: oneOf(typ), kid: sized(64) });
const proving = (typ: string) => object({ alg: oneOf("ES256"), typ: oneOf(typ), jwk });

function isEnrolment(text: string): boolean {
  if (Buffer.byteLength(text) > 65_536) return false;
  const body = strictObject(Buffer.from(text));
  const oneSignature = object({ protected: sized(65_536), signature: sized(128) });
  if (body === undefined || !object({ payload: sized(65_536), signatures: list(8, 1, oneSignature) })(body))
    return false;
  const { payload, signatures } = body as { payload: string; signatures: { protected: string; signature: string }[] };
  const claims = strictObject(canonical(payload) ?? Buffer.alloc(0)) as { keys?: { use: string; jwk: Members }[] };
  if (claims === undefined || !grammars.enrol(claims) || signatures.length !== 4) return false;
  const { keys = [] } = claims;
  const heads = signatures.map((one) => strictObject(canonical(one.protected) ?? Buffer.alloc(0)));
  return (
    signatures.every((one) => canonical(one.signature)?.length === 64) &&
    heads.every((head) => head !== undefined && proving("apv-enrol+jws")(head)) &&
    new Set(keys.map(({ use }) => use)).size === 4 &&
    new Set(keys.map(({ jwk: { x, y } }) => `${String(x)} ${String(y)}`)).size === 4 &&
    keys.every(({ jwk: { x, y } }, at) => {
      const { jwk: own } = heads[at] as { jwk: Members };
      return own.x === x && own.y === y;
    })
  );
}

/** The same in every run, so that a seed makes its inputs again. */
let samples = 0;
const random = (length: number) =>
  createHash("sha512").update(String(samples++)).digest().subarray(0, length).toString("base64url");
const signature = (length: number) => Buffer.alloc(length, 7).toString("base64url");
const key = () => ({ kty: "EC", crv: "P-256", x: random(32), y: random(32) });
const id = "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11";
const times = { iat: 1_800_000_000, exp: 1_800_000_060 };
const iss = "https://approve.example";
const claims: Readonly<Record<keyof typeof grammars, { readonly [name: string]: Json }>> = {
  offer: {
    iss,
    jti: random(16),
    code: random(16),
    ...times,
    dty: "apv1",
    tenant: "default",
    sks: [random(32)],
    sub_hint: "Anna",
  },
  reference: { iss, tid: id, act: "tx", ...times, cid: id, tk: random(16), qr: 1, n: 0 },
  response: {
    iss: id,
    aud: iss,
    tid: id,
    nonce: random(16),
    status: "approve",
    tx_sha256: random(32),
    shown_sha256: random(32),
    ...times,
    jti: random(16),
    seq: 1,
    prev: random(32),
    uv: { method: "password", lock: "counter" },
    amr: ["hwk", "pin"],
    num: "042137",
    ctx: "e30=",
    threats: [{ name: "root" }],
  },
  proof: { jti: random(16), htm: "POST", htu: iss, iat: times.iat, nonce: "n", cid: id, bsh: random(32) },
  enrol: {
    code: random(16),
    nonce: random(16),
    iat: times.iat,
    aud: iss,
    keys: ["auth", "tx", "enc", "pop"].map((use) => ({ use, jwk: key() })),
    ver: [1],
    algs: ["ES256"],
    device: { platform: "ios", osVersion: "18", hardwareKeys: true, name: "Phone", model: "X", rooted: false },
    push: { platform: "apns", environment: "production", token: "abc" },
  },
};

const encoded = (text: string) => Buffer.from(text).toString("base64url");

/** Right JSON, with members edited, or with its text spoiled. */
const jsonOf = (value: Json): fc.Arbitrary<string> => {
  const text = JSON.stringify(value);
  const changed = edits.map((changes) => JSON.stringify(edited(value, changes)) ?? "");
  return fc.oneof({ weight: 3, arbitrary: fc.constant(text) }, changed, spoiled(fc.constant(text)));
};

function compactTexts(header: Json, payload: Json): fc.Arbitrary<string> {
  const built = fc
    .tuple(jsonOf(header), jsonOf(payload), fc.constantFrom(64, 64, 64, 63, 72))
    .map(([head, body, length]) => `${encoded(head)}.${encoded(body)}.${signature(length)}`);
  return fc.oneof({ weight: 8, arbitrary: built }, spoiled(built), rubbish);
}

const enrolments = fc
  .tuple(jsonOf(claims.enrol), fc.nat(3), jsonOf({ alg: "ES256", typ: "apv-enrol+jws", jwk: key() }), fc.boolean())
  .map(([payload, at, other, isChanged]) => {
    const signatures = (claims.enrol.keys as { jwk: Json }[]).map(({ jwk: own }, place) => ({
      protected: encoded(
        isChanged && place === at ? other : JSON.stringify({ alg: "ES256", typ: "apv-enrol+jws", jwk: own }),
      ),
      signature: signature(64),
    }));
    return { payload: encoded(payload), signatures };
  })
  .chain(jsonOf);

function agree(accepted: boolean, expected: boolean) {
  return accepted === expected ? { accepted } : { accepted, wrong: accepted ? "accepted" : "refused" };
}

function messageTarget(name: "offer" | "reference" | "response", message: Message<object>, most: number): Target {
  const { typ } = message;
  const texts = compactTexts({ alg: "ES256", typ, kid: random(32) }, claims[name]);
  return pureTarget(`Approve: ${name}s`, 5, texts, (text) => {
    const read = compact(text, most, named(typ));
    return agree(!isFailure(readMessage(message, text)), read !== undefined && grammars[name](read));
  });
}

export const approveTargets: readonly Target[] = [
  messageTarget("offer", offer, 2048),
  messageTarget("reference", reference, 2048),
  messageTarget("response", response, 65_536),
  pureTarget(
    "Approve: proofs",
    5,
    compactTexts({ alg: "ES256", typ: "dpop+jwt", jwk: key() }, claims.proof),
    (text) => {
      const read = compact(text, 65_536, proving("dpop+jwt"));
      return agree(!isFailure(readProof(text)), read !== undefined && grammars.proof(read));
    },
  ),
  pureTarget("Approve: enrolments", 5, fc.oneof({ weight: 8, arbitrary: enrolments }, rubbish), (text) => {
    const proof = readKeyProof(new TextEncoder().encode(text), "apv-enrol+jws");
    return agree(!isFailure(proof) && readEnrolPayload(proof) !== undefined, isEnrolment(text));
  }),
];
