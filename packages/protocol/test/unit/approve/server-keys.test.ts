import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signMessage } from "../../../src/approve/message.ts";
import { followChain, serverKeys, type PinnedKey } from "../../../src/approve/server-keys.ts";
import { sha256, testKey, type TestKey } from "../../approve-samples.ts";
import { thumbprint } from "../../../src/approve/keys.ts";

const iss = "https://approve.example";

function serverKey(): TestKey {
  const key = testKey();
  const kid = thumbprint(sha256, key.jwk);
  return { ...key, kid, jwk: { ...key.jwk, kid } };
}

const [first, second, third, evil] = [serverKey(), serverKey(), serverKey(), serverKey()] as const;

/** `by` retires itself in favour of `keys`. */
const link = (by: TestKey, keys: readonly TestKey[], iat: number, more: object = {}) =>
  signMessage(serverKeys, { iss, iat, keys: keys.map(({ jwk }) => jwk), retired: by.kid, ...more }, by);

const pinned: readonly PinnedKey[] = [{ jwk: first.jwk }];
const good = Promise.all([link(first, [second], 100), link(second, [third], 200)]);
const after: readonly PinnedKey[] = [
  { jwk: first.jwk, retiredAt: 100 },
  { jwk: second.jwk, retiredAt: 200 },
  { jwk: third.jwk },
];

describe("server keys that replace each other (Approve protocol §10)", () => {
  it("a chain is followed link by link, each by the key it retires (APV-ROT-1, APV-ROT-2)", async () => {
    assert.deepEqual(await followChain(iss, pinned, await good), after);
    assert.deepEqual(await followChain(iss, pinned, []), pinned);
    const [one, two] = await good;
    const half = await followChain(iss, pinned, [one]);
    assert.deepEqual(await followChain(iss, half ?? [], [two]), after);
  });

  it("the same chain again changes nothing", async () => {
    assert.deepEqual(await followChain(iss, after, await good), after);
  });

  it("a link by another key, for another issuer, with a gap or out of order changes nothing (APV-ROT-2)", async () => {
    const [one, two] = await good;
    const cases: Record<string, readonly string[]> = {
      "by a key nobody pinned": [await link(evil, [evil], 100)],
      "by another key under the right name": [await link({ ...evil, kid: first.kid }, [evil], 100)],
      "that retires another key": [await link(first, [second], 100, { retired: second.kid })],
      "for another issuer": [await link(first, [second], 100, { iss: `${iss}/` })],
      "with a gap": [two],
      "out of order": [two, one],
      "with a bad end": [one, `${two.slice(0, -1)}${two.endsWith("A") ? "Q" : "A"}`],
      "with rubbish between": [one, "", two],
      "that keeps the key it retires": [await link(first, [first, second], 100)],
      "that names a key twice": [await link(first, [second, second], 100)],
      "of no key": [one.replace(/\..*/, "")],
    };
    for (const [name, chain] of Object.entries(cases)) {
      assert.equal(await followChain(iss, pinned, chain), undefined, name);
    }
  });

  it("a retired key signs no further link, whatever time it names (APV-ROT-3)", async () => {
    for (const iat of [300, 101, 100, 99, 0]) {
      assert.equal(await followChain(iss, after, [await link(first, [evil], iat)]), undefined, String(iat));
      const [one] = await good;
      assert.equal(await followChain(iss, pinned, [one, await link(first, [evil], iat)]), undefined, String(iat));
    }
  });

  it("a name that is known keeps its key, and a key that no link names is no longer good (APV-ROT-1)", async () => {
    const posing = { ...evil.jwk, kid: third.kid };
    const keys = [...pinned, { jwk: third.jwk }];
    const chain = [await signMessage(serverKeys, { iss, iat: 100, keys: [posing], retired: first.kid }, first)];
    assert.deepEqual(await followChain(iss, keys, chain), [{ jwk: first.jwk, retiredAt: 100 }, { jwk: third.jwk }]);
    assert.deepEqual(await followChain(iss, keys, [await link(first, [second], 100)]), [
      { jwk: first.jwk, retiredAt: 100 },
      { jwk: third.jwk, retiredAt: 100 },
      { jwk: second.jwk },
    ]);
  });

  it("a retired key is not made good again by a later link", async () => {
    const keys = (await followChain(iss, after, [await link(third, [first, second], 300)])) ?? [];
    assert.deepEqual(
      keys.map(({ retiredAt }) => retiredAt),
      [100, 200, 300],
    );
  });
});
