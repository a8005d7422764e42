import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePacCode, parsePacDeeplink } from "@countersign/protocol/operation/pac";
import { proximityCode, proximityLink } from "@countersign/relying-party/proximity";
import fc from "fast-check";

const id = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

test("the link and the code name the operation and its password, as devices read them (proximity check)", () => {
  const operation = { id, proximityOtp: "01234567" };
  assert.equal(proximityLink("mybank", operation), `mybank://operation?oid=${id}&potp=01234567`);
  assert.deepEqual(parsePacDeeplink(proximityLink("mybank", operation)), { oid: id, potp: "01234567" });
  const code = proximityCode(operation);
  assert.deepEqual(parsePacCode(code), { oid: id, potp: "01234567" });
  const [header = "", payload = ""] = code.split(".").map((part) => Buffer.from(part, "base64url").toString());
  assert.equal(header, '{"type":"JWT","alg":"none"}');
  assert.equal(payload, `{"oid":"${id}","potp":"01234567"}`);
});

test("an operation without a password is only named", () => {
  assert.equal(proximityLink("mybank", { id }), `mybank://operation?oid=${id}`);
  assert.deepEqual(parsePacCode(proximityCode({ id })), { oid: id });
});

test("the code has letters of both Base64 alphabets alike: some apps know one, some the other", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.stringMatching(/^[0-9]{8}$/), (oid, potp) => {
      const code = proximityCode({ id: oid, proximityOtp: potp });
      assert.match(code, /^[A-Za-z0-9]+\.[A-Za-z0-9]+\.$/);
      assert.deepEqual(parsePacCode(code), { oid, potp });
    }),
  );
});

test("what is no scheme makes no link", () => {
  for (const scheme of ["", "my bank", "javascript:alert(1)//", "1bank", "mybank://x"]) {
    assert.throws(() => proximityLink(scheme, { id }), TypeError);
  }
});
