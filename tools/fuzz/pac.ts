/** Proximity codes for fuzzing, and their grammar written a second time over Node's own decoders. */
import type { PacData } from "@countersign/protocol/operation/pac";
import fc from "fast-check";
import { rubbish, spoiled } from "./inputs.ts";

type Members = Readonly<Record<string, unknown>>;

/** What a code says; undefined for what is none. */
export function expectedPac(code: string): PacData | undefined {
  if (!/^[!-~]{1,4096}$/.test(code)) return undefined;
  const link = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^#?]*)(?:\?([^#]*))?/i.exec(code)!;
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(code);
  const [, path = "", query] = link;
  if (query === undefined && !path.startsWith("code=")) {
    // A question mark behind the fragment's mark is no query, and no token either.
    return hasScheme || code.includes("?") ? undefined : tokenMembers(code);
  }
  const found: Record<string, string> = {};
  for (const [, name = "", , value = ""] of (query ?? path).matchAll(
    /(?<=^|&)(code|oid|potp|totp)(=([^&]*))?(?=&|$)/g,
  )) {
    if (name in found) return undefined;
    try {
      found[name] = decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  const names = Object.keys(found);
  if (names.includes("code")) return names.length > 1 ? undefined : tokenMembers(found.code!);
  return checked(found);
}

function tokenMembers(token: string): PacData | undefined {
  const parts = /^([^.]+)\.([^.]+)\.?$/.exec(token);
  const [head, payload] = [parts?.[1], parts?.[2]].map((part) => (part === undefined ? undefined : objectOf(part)));
  if (head === undefined || payload === undefined || head.alg !== "none") return undefined;
  const types = ["type", "typ"].filter((name) => Object.hasOwn(head, name)).map((name) => head[name]);
  const isToken = types.length > 0 && types.every((type) => typeof type === "string" && type.toUpperCase() === "JWT");
  return isToken ? checked(payload) : undefined;
}

function objectOf(part: string): Members | undefined {
  const alphabet = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/;
  const bytes = Buffer.from(part, "base64");
  const isCanonical =
    bytes.toString("base64url") === part.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  if (!alphabet.test(part) || !isCanonical || (part.endsWith("=") && part.length % 4 !== 0)) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return Object.prototype.toString.call(value) === "[object Object]" ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}

function checked(members: Members): PacData | undefined {
  const own = (name: string) => (Object.hasOwn(members, name) ? (members[name] ?? undefined) : undefined);
  const oid = own("oid");
  if (typeof oid !== "string" || oid === "" || oid.length > 256 || /\p{Cc}|\p{Cs}/u.test(oid)) return undefined;
  const otps = [own("potp"), own("totp")].filter((otp) => otp !== undefined);
  if (!otps.every((otp) => typeof otp === "string" && /^\d{1,8}$/.test(otp))) return undefined;
  if (new Set(otps).size > 1) return undefined;
  return otps.length > 0 ? { oid, potp: otps[0] as string } : { oid };
}

const oid = fc.oneof(fc.uuid(), fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }), fc.base64String());
const otp = fc.stringMatching(/^\d{1,8}$/);
const members = fc.record(
  { oid, potp: otp, totp: otp, more: fc.jsonValue({ maxDepth: 1 }) },
  { requiredKeys: ["oid"] },
);
const head = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom({ type: "JWT", alg: "none" }, { typ: "JWT", alg: "none" }) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        type: fc.constantFrom("JWT", "x", null),
        typ: fc.constantFrom("jwt", "", 1),
        alg: fc.constantFrom("none", "HS256"),
      },
      { requiredKeys: [] },
    ),
  },
);
const encoding = fc.constantFrom("base64", "base64url");
const token = fc
  .tuple(head, members, encoding, fc.constantFrom("", ".", "=", ".c2ln"))
  .map(
    ([header, payload, as, end]) =>
      [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString(as as "base64")).join(".") + end,
  );
const scheme = fc.constantFrom("scheme://", "https://", "a+b.c-d1://", "", "");
const place = fc.constantFrom("operation", "x/y", "");
const query = fc
  .tuple(oid, fc.option(otp, { nil: undefined }), fc.constantFrom("potp", "totp"), fc.constantFrom("", "&a=b", "#c"))
  .map(([id, password, name, end]) => {
    const rest = password === undefined ? "" : `&${name}=${password}`;
    return `?oid=${encodeURIComponent(id.toWellFormed())}${rest}${end}`;
  });
const code = fc.oneof(
  token,
  fc.tuple(scheme, token).map(([start, one]) => `${start}code=${one}`),
  fc.tuple(scheme, place, token).map(([start, host, one]) => `${start}${host}?code=${encodeURIComponent(one)}`),
  fc.tuple(scheme, place, query).map((parts) => parts.join("")),
);

/** Right ones, spoiled ones and rubbish. */
export const pacCodes = fc.oneof(code, spoiled(code), rubbish);
