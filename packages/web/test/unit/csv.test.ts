import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../../src/console/parts/csv.ts";

test("Records of different members become one table; commas, quotes and line ends are kept", () => {
  const items = [
    { id: "a", note: 'says "hi", twice' },
    { id: "b", count: 2, more: { list: ["x"] } },
  ];
  assert.equal(
    csv(items),
    ["id,note,count,more", 'a,"says ""hi"", twice",,', 'b,,2,"{""list"":[""x""]}"', ""].join("\r\n"),
  );
  assert.equal(csv([]), "\r\n");
});

test("What a user typed is no formula in a spreadsheet, however it begins", () => {
  for (const text of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]) {
    assert.match(csv([{ text }]), /^text\r\n"?'/, JSON.stringify(text));
  }
  assert.equal(csv([{ amount: -1 }]), "amount\r\n-1\r\n");
});
