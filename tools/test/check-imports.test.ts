/** Each rule of check-imports.ts is broken once, beside a neighbour that keeps it. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { checkImports } from "../check-imports.ts";
import { tree } from "./fixture.ts";

const packages = {
  "package.json": { name: "workspace", devDependencies: { "fast-check": "1" } },
  "packages/protocol/package.json": { name: "@countersign/protocol", dependencies: { "@noble/hashes": "1" } },
  "packages/client/package.json": {
    name: "@countersign/client",
    dependencies: { "@countersign/protocol": "1" },
    imports: { "#crypto": "./src/c.ts" },
  },
  "packages/relying-party/package.json": { name: "@countersign/relying-party" },
  "packages/server/package.json": {
    name: "@countersign/server",
    dependencies: { "@countersign/protocol": "1", "@countersign/client": "1", fastify: "1", "oidc-provider": "1" },
  },
  "packages/cli/package.json": { name: "@countersign/cli", dependencies: { "@countersign/server": "1" } },
};

/** What the check says of one file that holds one line. */
function check(t: TestContext, path: string, line: string): string {
  return checkImports(tree(t, { ...packages, [path]: [line] })).join("\n");
}

const refused: readonly [path: string, line: string, why: RegExp][] = [
  ["packages/server/src/a.ts", 'import type { A } from "@countersign/client/a";', /no arrow server → client/],
  ["packages/client/src/a.ts", 'import { a } from "#gone";', /not among the package's imports/],
  ["packages/client/src/a.ts", 'import { a } from "@countersign/server/a";', /no arrow client → server/],
  [
    "packages/client/test/unit/a.test.ts",
    'import type { A } from "@countersign/server/a";',
    /no arrow client → server/,
  ],
  ["packages/protocol/src/a.ts", 'export type { A } from "@countersign/client/a";', /no arrow protocol → client/],
  ["packages/cli/src/a.ts", 'import { a } from "@countersign/protocol/a";', /no arrow cli → protocol/],
  ["packages/protocol/src/bytes.ts", 'import { Buffer } from "buffer";', /only src\/crypto-node.ts knows Node/],
  ["packages/client/src/storage/memory.ts", 'import "node:fs";', /only src\/storage\/file.ts and .* know Node/],
  ["packages/web/src/a.ts", 'import "node:fs";', /runs in a browser/],
  ["packages/protocol/src/bytes.ts", 'import { sha256 } from "@noble/hashes/sha2";', /knows @noble/],
  [
    "packages/protocol/src/bytes.ts",
    'import { argon2i } from "@noble/hashes/argon2";',
    /belongs to protocol\/src\/argon2/,
  ],
  ["packages/client/src/engine/a.ts", 'import type { A } from "../approve/a.ts";', /does not know its faces/],
  ["packages/client/src/approve/a.ts", 'import { A } from "../mobile-token/a.ts";', /do not know each other/],
  ["packages/client/src/mobile-token/a.ts", 'import { A } from "../approve/a.ts";', /do not know each other/],
  ["packages/server/src/operations/a.ts", 'import { a } from "../api/a.ts";', /api → domain → store types/],
  ["packages/server/src/store/sqlite.ts", 'import type { A } from "../api/a.ts";', /know no HTTP/],
  ["packages/server/src/store/sqlite.ts", 'import type { FastifyRequest } from "fastify";', /know no HTTP/],
  ["packages/server/src/api/a.ts", 'import { openSqlite } from "../store/sqlite.ts";', /server.ts chooses the adapter/],
  ["packages/server/src/api/a.ts", 'import Provider from "oidc-provider";', /only importer of oidc-provider/],
  ["packages/server/src/operations/a.ts", 'import { request } from "node:https";', /only way out/],
  ["packages/server/src/a.ts", 'import { a } from "../test/a.ts";', /do not import tests/],
  [
    "packages/server/src/a.ts",
    `const a = await import(${JSON.stringify("left-pad")});`,
    /left-pad is not declared in packages\/server/,
  ],
  ["packages/server/src/a.ts", 'import fc from "fast-check";', /fast-check is not declared/],
  ["packages/server/src/a.ts", 'import { a } from "@countersign/server/a";', /imports are relative/],
  ["packages/server/src/a.ts", 'import { a } from "../../protocol/src/a.ts";', /must not leave packages\/server/],
  ["packages/server/src/a.ts", "const a = await import(name);", /literal name/],
  ["packages/server/src/a.ts", 'const a = require("a");', /literal name/],
  ["conformance/a.test.ts", 'import { a } from "../packages/server/src/a.ts";', /by name/],
  ["conformance/a.test.ts", 'import pg from "pg";', /pg is not declared in .\/package.json/],
];

for (const [path, line, why] of refused) {
  test(`${line} in ${path} is refused`, (t) => {
    assert.match(check(t, path, line), why);
  });
}

const allowed: readonly [path: string, line: string][] = [
  ["packages/server/src/a.ts", 'import { a } from "@countersign/protocol/a";'],
  ["packages/server/src/server.ts", 'import { openSqlite } from "./store/sqlite.ts";'],
  ["packages/server/src/operations/a.ts", 'import type { Store } from "../store/store.ts";'],
  ["packages/server/src/operations/a.ts", 'import { fold } from "../audit/chain.ts";'],
  ["packages/server/src/oidc/a.ts", 'import Provider from "oidc-provider";'],
  ["packages/server/src/outbound.ts", 'import { request } from "node:https";'],
  ["packages/protocol/src/crypto-node.ts", 'import { createHmac } from "node:crypto";'],
  ["packages/protocol/src/crypto-noble.ts", 'import { sha256 } from "@noble/hashes/sha2";'],
  ["packages/protocol/test/unit/a.test.ts", 'import fc from "fast-check";'],
  ["packages/server/test/integration/a.test.ts", 'import { startPostgres } from "../../../../tools/postgres.ts";'],
  ["conformance/a.test.ts", 'import { a } from "@countersign/client/mobile-token";'],
  ["packages/client/src/a.ts", 'import { crypto } from "#crypto";'],
  ["packages/server/src/a.ts", '// A comment may say: from "left-pad", or node:fs.'],
];

for (const [path, line] of allowed) {
  test(`${line} in ${path} is allowed`, (t) => {
    assert.equal(check(t, path, line), "");
  });
}

test("an import that stands on several lines with comments is seen, with its line", (t) => {
  const lines = ["", "import {", '  a, // from "b"', "  type C,", '} from "left-pad";'];
  const [problem] = checkImports(tree(t, { ...packages, "packages/server/src/a.ts": lines }));
  assert.match(problem ?? "", /^packages\/server\/src\/a\.ts:2 value import of left-pad/);
});
