import assert from "node:assert/strict";
import { test } from "node:test";
import { asTyped, readEntry } from "../../src/authenticator/activation/entry.ts";
import { readScanned } from "../../src/authenticator/scan/scanned.ts";

const code = "ABCDE-FGHIJ-KLMNO-PQRST";
const token = (typ: string, claims: object) =>
  [{ typ }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
const offer = (iss: string) => `${token("apv-offer+jwt", { iss })}.c2ln`;

test("a code that is typed gets dashes, upper case, and letters for the digits that codes do not have", () => {
  assert.equal(asTyped("abcde fghij"), "ABCDE-FGHIJ");
  assert.equal(asTyped("0bcd1"), "OBCDI");
  assert.equal(asTyped(`${code.toLowerCase()}zzz`), code);
  assert.equal(asTyped("8-9!"), "");
});

test("a code connects with its signature or without, and nothing near a code does", () => {
  assert.deepEqual(readEntry(` ${code}\n`), { kind: "code", code });
  assert.deepEqual(readEntry(`${code}#MEUC/w==`), { kind: "code", code: `${code}#MEUC/w==` });
  for (const text of ["", "ABCDE", code.toLowerCase(), `${code}#`, `${code}-ABCDE`, `${code}#a b`]) {
    assert.equal(readEntry(text), undefined, text);
  }
});

test("a link brings code, server and configuration, in query or fragment; a server without TLS only on this machine", () => {
  const link = (server: string, mark = "#") =>
    `https://bank.example/authenticator/${mark}${new URLSearchParams({ code, server, configuration: "Q09ORklH", name: "Bank" })}`;
  const expected = { kind: "link", code, server: "https://api.bank.example", configuration: "Q09ORklH", name: "Bank" };
  assert.deepEqual(readEntry(link("https://api.bank.example/")), expected);
  assert.deepEqual(readEntry(link("https://api.bank.example", "?")), expected);
  assert.deepEqual(readEntry(link("https://api.bank.example", "#/connect?")), expected);
  assert.equal(readEntry(link("http://localhost:8080"))?.kind, "link");
  for (const server of ["http://bank.example", "http://localhost.evil.example", "javascript:alert(1)", "nothing"]) {
    assert.equal(readEntry(link(server)), undefined, server);
  }
});

test("an offer is read as token, in a link, and in the JSON of a push message; its server is the one it names", () => {
  const text = offer("https://api.bank.example");
  const server = "https://api.bank.example";
  assert.deepEqual(readEntry(text), { kind: "offer", text, server });
  assert.equal(readEntry(`https://bank.example/enrol#offer=${text}`)?.kind, "offer");
  assert.equal(readEntry(JSON.stringify({ dty: "apv1", offer: text }))?.kind, "offer");
  for (const wrong of [offer("http://bank.example"), token("jwt", { iss: server }), "a.b.c", "{", "{}"]) {
    assert.equal(readEntry(wrong), undefined, wrong);
  }
});

test("one camera tells every code apart", () => {
  const kind = (text: string) => readScanned(text)?.kind;
  assert.equal(kind(code), "entry");
  assert.equal(kind(offer("https://bank.example")), "entry");
  assert.equal(kind("123456"), "number");
  assert.equal(kind("id\ntitle\nmessage\nA1*A1EUR\nBCFX\nnonce\n1signature"), "offline");
  assert.equal(kind("mybank://operation?oid=1&potp=12345678"), "proximity");
  assert.equal(kind(`${token("JWT", { oid: "1", potp: "12345678" })}.`), "proximity");
  assert.equal(kind(`${token("apv-ref+jwt", { iss: "https://bank.example" })}.c2ln`), "transaction");
  assert.equal(kind("https://bank.example/#ref=x.y.z"), "transaction");
  for (const text of ["", "hello", "https://bank.example/", "12345", `${token("JWT", { sub: "1" })}.`]) {
    assert.equal(kind(text), undefined, text);
  }
});
