/** Proximity codes by table: each accepted form, and each refusal with its reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { parsePacCode, parsePacDeeplink, type PacReason } from "@countersign/protocol/operation/pac";

const oid = "5b753d0d-d59a-49b7-bec4-eae258566dbb";
const potp = "12345678";
const data = { oid, potp };

/** As texts or values, in either alphabet. */
function tokenOf(header: unknown, payload: unknown, encode = toBase64Url): string {
  return [header, payload]
    .map((part) => encode(utf8(typeof part === "string" ? part : JSON.stringify(part))))
    .join(".");
}

const header = { type: "JWT", alg: "none" };
const token = tokenOf(header, data);
const links = [
  `scheme://code=${token}`,
  `scheme://operation?code=${token}`,
  `scheme://operation?oid=${oid}&potp=${potp}`,
];

test("a deep link brings a token as code, by itself or as parameter, or id and password (proximity check)", () => {
  for (const link of links) assert.deepEqual(parsePacDeeplink(link), data, link);
});

test("a scanned code is any deep link, with or without its scheme, or the plain token (proximity check)", () => {
  for (const link of links) {
    assert.deepEqual(parsePacCode(link), data, link);
    assert.deepEqual(parsePacCode(link.replace("scheme://", "")), data, link);
  }
  assert.deepEqual(parsePacCode(token), data);
});

test("a header names the token by type or typ, and other members do not matter (proximity check)", () => {
  const headers = [
    { typ: "JWT", alg: "none" },
    { typ: "jwt", alg: "none" },
    { ...header, typ: "JWT", kid: "1" },
  ];
  for (const each of headers) assert.deepEqual(parsePacCode(tokenOf(each, data)), data, JSON.stringify(each));
  assert.deepEqual(parsePacCode(`${token}.`), data, "an empty signature");
});

test("a token may be Base64 or Base64url, padded or not, and its letter case is kept (proximity check)", () => {
  // Encodes to both characters in which the alphabets differ.
  const payload = '{"oid":"~~~???>>>","potp":"12345678"}';
  const plain = tokenOf(header, payload, toBase64);
  const forUrls = tokenOf(header, payload);
  assert.match(plain, /[+]/);
  assert.match(plain, /[/]/);
  const padded = forUrls.replace(/[^.]+/g, (part) => part.padEnd(4 * Math.ceil(part.length / 4), "="));
  assert.match(padded, /=/);
  for (const text of [plain, plain.replaceAll("=", ""), forUrls, padded]) {
    const expected = { oid: "~~~???>>>", potp };
    assert.deepEqual(parsePacCode(text), expected, text);
    assert.deepEqual(parsePacDeeplink(`SCHEME+a.b-c1://code=${text}`), expected, text);
    assert.deepEqual(parsePacDeeplink(`scheme://x?code=${encodeURIComponent(text)}`), expected, text);
  }
});

test("an id alone leaves the password undefined (proximity check)", () => {
  for (const code of [`scheme://x?oid=${oid}`, tokenOf(header, { oid }), tokenOf(header, { oid, potp: null })]) {
    const parsed = parsePacCode(code);
    assert.deepEqual(parsed, { oid });
    assert.ok(!("potp" in parsed));
  }
});

test("totp is read as the older name of potp, and both may stand when they agree (proximity check)", () => {
  for (const otps of [
    [["totp", potp]],
    [
      ["totp", potp],
      ["potp", potp],
    ],
  ]) {
    const members = [["oid", oid], ...otps];
    assert.deepEqual(parsePacCode(tokenOf(header, Object.fromEntries(members))), data);
    assert.deepEqual(parsePacDeeplink(`scheme://x?${new URLSearchParams(members).toString()}`), data);
  }
});

test("an id in a link is percent-decoded once; plus, slash and equals signs stand for themselves", () => {
  const base64 = "E/+DRFVmd4iZABEiM0RVZneImQARIjNEVWZ3iJkAESIzRFVmd4iZAA=";
  for (const text of [base64, encodeURIComponent(base64)]) {
    assert.deepEqual(parsePacDeeplink(`scheme://operation?oid=${text}&potp=1`), { oid: base64, potp: "1" });
  }
  assert.deepEqual(parsePacDeeplink("scheme://x?oid=%2541"), { oid: "%41" });
  assert.deepEqual(parsePacDeeplink("scheme://x?oid=%C5%BE"), { oid: "ž" });
});

test("further parameters and a fragment are left alone (proximity check)", () => {
  const link = `https://bank.example/app/x?lang=cs&&flag&oid=${oid}&utm=%zz&potp=${potp}#oid=other&code=a`;
  assert.deepEqual(parsePacDeeplink(link), data);
});

const refusals: Readonly<Record<PacReason, readonly string[]>> = {
  empty: [""],
  "too-long": [`scheme://x?oid=${"a".repeat(4096)}`],
  "character-invalid": [
    ` ${links[0]}`,
    `${links[0]}\n`,
    "scheme://x?oid=a b",
    "scheme://x?oid=ž",
    `${token}\u0000`,
    "s\u0131://x?oid=a",
  ],
  "scheme-missing": [],
  "parameters-missing": [
    "scheme://an-invalid-url.com",
    "scheme://",
    "scheme://x?",
    "scheme://x?potp=1",
    "scheme://x?CODE=a",
    "x?y=z",
    `scheme://${token}`,
    `scheme://x#?oid=${oid}`,
    `scheme://x&oid=${oid}`,
    "?",
    `scheme://oid=${oid}`,
  ],
  "parameter-repeated": [
    "scheme://x?oid=a&oid=a",
    "scheme://x?oid=a&potp=1&potp=1",
    `scheme://code=${token}&code=${token}`,
  ],
  "parameters-ambiguous": [
    `scheme://x?code=${token}&oid=${oid}`,
    `scheme://code=${token}&potp=1`,
    `x?totp=1&code=${token}`,
  ],
  "percent-encoding-invalid": [
    "scheme://x?oid=%",
    "scheme://x?oid=%4",
    "scheme://x?oid=%zz",
    "scheme://x?oid=%ff",
    "scheme://x?oid=%C5",
    "scheme://x?oid=%ED%A0%80",
    "scheme://x?oid=a&potp=%E0%80%80",
    "scheme://code=%",
  ],
  "token-malformed": [
    "abc",
    "scheme://operation?code=abc",
    "scheme://code=",
    "scheme://x?code",
    token.replace(".", ""),
    ".",
    `${token}.c2ln`,
    `${token}..`,
    `${token}.a.b`,
    `.${token}`,
    `${token.split(".")[0]}.`,
    "a.",
  ],
  "token-header-malformed": [
    "a.b",
    `1${token}`,
    `=${token}`,
    "%C3%A9.b",
    tokenOf("[]", data),
    tokenOf("null", data),
    tokenOf("{", data),
    tokenOf('"JWT"', data),
    `${toBase64Url(Uint8Array.of(0xff))}.e30`,
    "e31.e30",
  ],
  "token-type-invalid": [
    { alg: "none" },
    { alg: "none", typ: "JWS" },
    { alg: "none", type: "JWT", typ: "x" },
    { alg: "none", typ: 1 },
    { alg: "none", typ: null },
    { alg: "none", cty: "JWT" },
  ].map((each) => tokenOf(each, data)),
  "token-algorithm-not-none": [
    { typ: "JWT" },
    { typ: "JWT", alg: "HS256" },
    { typ: "JWT", alg: "None" },
    { typ: "JWT", alg: "" },
    { typ: "JWT", alg: null },
    { typ: "JWT", alg: ["none"] },
  ].map((each) => tokenOf(each, data)),
  "token-payload-malformed": [
    ...["[]", "null", "1", "{", '{"oid":"a"}x'].map((payload) => tokenOf(header, payload)),
    `${token.split(".")[0]}.1${token.split(".")[1]}`,
    `${token}=====`,
    `${token}*`,
    `${toBase64Url(utf8(JSON.stringify(header)))}.${toBase64Url(Uint8Array.of(0xff))}`,
  ],
  "operation-id-missing": [
    "scheme://x?oid",
    "scheme://x?oid=",
    "x?oid=&potp=1",
    tokenOf(header, {}),
    tokenOf(header, { potp }),
    tokenOf(header, { oid: "" }),
    tokenOf(header, { oid: null }),
    tokenOf(header, '{"__proto__":{"oid":"a"}}'),
  ],
  "operation-id-invalid": [
    tokenOf(header, { oid: 1 }),
    tokenOf(header, { oid: ["a"] }),
    tokenOf(header, { oid: "a\nb" }),
    tokenOf(header, '{"oid":"\\ud800"}'),
    "scheme://x?oid=%00",
    "scheme://x?oid=a%0A",
    "scheme://x?oid=%C2%85",
    `scheme://x?oid=${"a".repeat(257)}`,
  ],
  "otp-invalid": [
    ...["potp=", "potp", "potp=a", "potp=123456789", "potp=-1", "potp=%EF%BC%91", "totp=1+1", "potp=1&totp=x"].map(
      (otp) => `scheme://x?oid=a&${otp}`,
    ),
    tokenOf(header, { oid, potp: 12345678 }),
    tokenOf(header, { oid, totp: true }),
    tokenOf(header, { oid, potp: "" }),
  ],
  "otp-ambiguous": ["scheme://x?oid=a&potp=1&totp=2", tokenOf(header, { oid, potp: "1", totp: "01" })],
};

for (const [reason, codes] of Object.entries(refusals)) {
  test(`everything else is refused with its reason: ${reason} (proximity check)`, () => {
    for (const code of codes) {
      assert.deepEqual(parsePacCode(code), { error: "proximity-code-malformed", reason }, JSON.stringify(code));
    }
  });
}

test("without a scheme nothing is a deep link (proximity check)", () => {
  const refused = { error: "proximity-code-malformed", reason: "scheme-missing" };
  for (const text of [token, `operation?oid=${oid}`, "scheme:x?oid=a", "//x?oid=a", "1a://x?oid=a", "://x?oid=a"]) {
    assert.deepEqual(parsePacDeeplink(text), refused, text);
  }
});
