import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../../src/bytes.ts";
import { hotp, totp } from "../../../src/otp/hotp.ts";
import { isOcraQuestion, ocra, type OcraInput, readOcraSuite } from "../../../src/otp/ocra.ts";

const digits = "1234567890".repeat(7);
const keys = { 20: utf8(digits.slice(0, 20)), 32: utf8(digits.slice(0, 32)), 64: utf8(digits.slice(0, 64)) };

test("HOTP gives the values of RFC 4226, appendix D", () => {
  const values = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ");
  values.forEach((value, counter) => {
    assert.equal(hotp(keys[20], counter, { digits: 6, algorithm: "SHA1" }), value);
  });
});

test("TOTP gives the values of RFC 6238, appendix B", () => {
  const rows: readonly (readonly [number, string, string, string])[] = [
    [59, "94287082", "46119246", "90693936"],
    [1111111109, "07081804", "68084774", "25091201"],
    [1111111111, "14050471", "67062674", "99943326"],
    [1234567890, "89005924", "91819424", "93441116"],
    [2000000000, "69279037", "90698825", "38618901"],
    [20000000000, "65353130", "77737706", "47863826"],
  ];
  for (const [seconds, sha1, sha256, sha512] of rows) {
    const value = (key: Uint8Array, algorithm: "SHA1" | "SHA256" | "SHA512") =>
      totp(key, seconds * 1000, 30, { digits: 8, algorithm });
    assert.equal(value(keys[20], "SHA1"), sha1);
    assert.equal(value(keys[32], "SHA256"), sha256);
    assert.equal(value(keys[64], "SHA512"), sha512);
  }
});

const time = 0x132d0b6;
const same = (count: number) => Array.from({ length: count }, (_, at) => String(at).repeat(8));
const pair = (first: string, second: string) => (at: number) => [`${first}${at}`, `${second}${at}`] as const;
const mutual = (order: "client" | "server", at: number): [string, string] => {
  const [client, server] = pair("CLI2222", "SRV1111")(at);
  return order === "server" ? [client, server] : [server, client];
};

/** Appendix C: suite, key length, input of each value, values. */
const vectors: readonly (readonly [string, 20 | 32 | 64, (at: number) => OcraInput, string])[] = [
  [
    "OCRA-1:HOTP-SHA1-6:QN08",
    20,
    (at) => ({ questions: [same(10)[at]!] }),
    "237653 243178 653583 740991 608993 388898 816933 224598 750600 294470",
  ],
  [
    "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1",
    32,
    (counter) => ({ counter, questions: ["12345678"], pin: "1234" }),
    "65347737 86775851 78192410 71565254 10104329 65983500 70069104 91771096 75011558 08522129",
  ],
  [
    "OCRA-1:HOTP-SHA256-8:QN08-PSHA1",
    32,
    (at) => ({ questions: [same(5)[at]!], pin: "1234" }),
    "83238735 01501458 17957585 86776967 86807031",
  ],
  [
    "OCRA-1:HOTP-SHA512-8:C-QN08",
    64,
    (counter) => ({ counter, questions: [same(10)[counter]!] }),
    "07016083 63947962 70123924 25341727 33203315 34205738 44343969 51946085 20403879 31409299",
  ],
  [
    "OCRA-1:HOTP-SHA512-8:QN08-T1M",
    64,
    (at) => ({ questions: [same(5)[at]!], time }),
    "95209754 55907591 22048402 24218844 36209546",
  ],
  [
    "OCRA-1:HOTP-SHA256-8:QA08",
    32,
    (at) => ({ questions: mutual("server", at) }),
    "28247970 01984843 65387857 03351211 83412541",
  ],
  [
    "OCRA-1:HOTP-SHA256-8:QA08",
    32,
    (at) => ({ questions: mutual("client", at) }),
    "15510767 90175646 33777207 95285278 28934924",
  ],
  [
    "OCRA-1:HOTP-SHA512-8:QA08",
    64,
    (at) => ({ questions: mutual("server", at) }),
    "79496648 76831980 12250499 90856481 12761449",
  ],
  [
    "OCRA-1:HOTP-SHA512-8:QA08-PSHA1",
    64,
    (at) => ({ questions: mutual("client", at), pin: "1234" }),
    "18806276 70020315 01600026 18951020 32528969",
  ],
  [
    "OCRA-1:HOTP-SHA256-8:QA08",
    32,
    (at) => ({ questions: [`SIG1${at}000`] }),
    "53095496 04110475 31331128 76028668 46554205",
  ],
  [
    "OCRA-1:HOTP-SHA512-8:QA10-T1M",
    64,
    (at) => ({ questions: [`SIG1${at}00000`], time }),
    "77537423 31970405 10235557 95213541 65360607",
  ],
];

test("OCRA gives the values of RFC 6287, appendix C: challenges, mutual challenges and signatures", () => {
  for (const [text, key, input, values] of vectors) {
    const suite = readOcraSuite(text);
    assert.ok(suite !== undefined, text);
    values.split(" ").forEach((value, at) => assert.equal(ocra(keys[key], suite, input(at)), value, `${text} ${at}`));
  }
});

test("suites outside of RFC 6287 §6 are none", () => {
  const wrong = [
    "OCRA-2:HOTP-SHA1-6:QN08",
    "OCRA-1:HOTP-SHA384-6:QN08",
    "OCRA-1:HOTP-SHA1-3:QN08",
    "OCRA-1:HOTP-SHA1-11:QN08",
    "OCRA-1:HOTP-SHA1-6:QN03",
    "OCRA-1:HOTP-SHA1-6:QN65",
    "OCRA-1:HOTP-SHA1-6:QX08",
    "OCRA-1:HOTP-SHA1-6:QN08-T0M",
    "OCRA-1:HOTP-SHA1-6:QN08-T60S",
    "OCRA-1:HOTP-SHA1-6:QN08-T49H",
    "OCRA-1:HOTP-SHA1-6:QN08-S000",
    "OCRA-1:HOTP-SHA1-6:C",
    "OCRA-1:HOTP-SHA1-6:QN08-C",
    " OCRA-1:HOTP-SHA1-6:QN08",
  ];
  for (const text of wrong) assert.equal(readOcraSuite(text), undefined, text);
  assert.equal(readOcraSuite("OCRA-1:HOTP-SHA1-0:C-QH64-PSHA512-S512-T48H")?.step, 48 * 3600);
});

test("an input that is not what the suite asks for gives no value", () => {
  const suite = readOcraSuite("OCRA-1:HOTP-SHA256-8:C-QH08-PSHA1-S004-T1M")!;
  const whole = { counter: 1, questions: ["00ff00ff"] as const, pin: "1", session: utf8("abc"), time: 1 };
  assert.match(ocra(keys[20], suite, whole)!, /^\d{8}$/);
  for (const member of ["counter", "pin", "session", "time"] as const) {
    const { [member]: _left, ...rest } = whole;
    assert.equal(ocra(keys[20], suite, rest), undefined, member);
  }
  assert.equal(ocra(keys[20], suite, { ...whole, session: utf8("abcde") }), undefined);
  for (const question of ["", "00ff00ff0", "xyz"]) assert.equal(isOcraQuestion(suite, question), false, question);
  assert.equal(isOcraQuestion(readOcraSuite("OCRA-1:HOTP-SHA1-6:QN08")!, "12a"), false);
  const all = ocra(keys[20], readOcraSuite("OCRA-1:HOTP-SHA1-0:QN08")!, { questions: ["1"] });
  assert.match(all!, /^[0-9a-f]{40}$/, "0 digits: the whole HMAC");
});
