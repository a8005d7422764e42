/**
 * Our SDK at another server: one that shares no code with us and speaks in the shapes deployed servers document, live and
 * as recorded. A recording answers each request with what was answered then, so requests must be the same to the byte.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { AnotherServer } from "./another-server.ts";
import { liveThrough, offlineBody, offlineNonce } from "./exchange.ts";
import { givenBy, type Recording, recordingFile } from "./record.ts";

const now = Date.UTC(2025, 5, 29, 12);

describe("another server", () => {
  for (const version of ["3.1", "3.2", "3.3"] as const) {
    test(`${version}: activates, is refused with a wrong PIN, approves, opens the vault, gives an offline code and removes itself`, async () => {
      const server = new AnotherServer(version, () => now);
      const retyped: boolean[] = [];
      await liveThrough(givenBy(server), {
        async post(path, body, headers) {
          const { status, body: answer } = server.answer({ path, body, headers });
          return Response.json(answer, { status });
        },
        retype: (digits) => void retyped.push(server.acceptsOffline(offlineNonce, offlineBody, digits)),
      });
      assert.equal(server.operation.status, "APPROVED");
      assert.deepEqual(retyped, [true]);
    });
  }

  const recordings = JSON.parse(readFileSync(recordingFile, "utf8")) as Recording[];
  for (const { given, exchanges, digits } of recordings) {
    test(`${given.protocolVersion}: accepts what another server answered when it was recorded, and sends what it sent then`, async () => {
      const left = [...exchanges];
      await liveThrough(given, {
        async post(path, body) {
          const next = left.shift();
          assert.deepEqual(
            { path, request: JSON.parse(body) as unknown },
            { path: next?.path, request: next?.request },
          );
          return Response.json(next?.response, { status: next!.status });
        },
        retype: (shown) => assert.equal(shown, digits),
      });
      assert.deepEqual(left, []);
    });
  }
});
