/** Runs in a page: a vault over IndexedDB with keys that WebCrypto does not give out. */
import { fromBase64Url, utf8 } from "@countersign/protocol/bytes";
import { nobleCrypto } from "@countersign/protocol/crypto-noble";
import { sealMessage } from "@countersign/protocol/approve/jwe";
import type { FreshKey } from "../../src/engine/approve/key-vault.ts";
import { createKeyVault } from "../../src/engine/approve/vault/vault.ts";
import { openIndexedDbStorage } from "../../src/storage/indexeddb.ts";
import { openWebCryptoKeys } from "../../src/storage/webcrypto-keys.ts";
import { devicePolicy, passwordPolicy } from "../approve-vault-policies.ts";

async function open() {
  return createKeyVault({
    containerId: "container",
    storage: await openIndexedDbStorage(),
    platformKeys: await openWebCryptoKeys(),
    crypto: nobleCrypto,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    now: Date.now,
    cost: { memory: 64, passes: 1 },
  });
}

const password = () => utf8("correct-horse");

const keyHands = {
  async enrol() {
    const vault = await open();
    const fresh = await vault.generate(["auth", "tx", "enc", "pop"]);
    const isDevice = ({ use }: FreshKey) => use === "enc" || use === "pop";
    await vault.keep({
      keys: fresh.map((key) => ({ fresh: key, kid: key.use, policyId: isDevice(key) ? "d" : "p" })),
      secrets: [],
      policies: { d: devicePolicy, p: passwordPolicy({ type: "none" }) },
      passwords: new Map([["p", password()]]),
    });
    return Object.fromEntries(fresh.map(({ use, jwk }) => [use, jwk]));
  },
  /** Which keys sign or open what belongs to them, in whatever tab this runs. */
  async use(jwks: Record<string, FreshKey["jwk"]>) {
    const vault = await open();
    const found: Record<string, boolean> = {};
    for (const kid of ["tx", "pop"]) {
      const signature = await (await vault.signer(kid, kid === "tx" ? { password: password() } : {})).sign(utf8("x"));
      const { x, y } = jwks[kid]!;
      const point = Uint8Array.of(4, ...fromBase64Url(x)!, ...fromBase64Url(y)!);
      found[kid] = nobleCrypto.verify(nobleCrypto.importPublicKey(point)!, utf8("x"), signature, "jose");
    }
    const jwe = await sealMessage("a message", jwks.enc!, { serverKid: "s", containerKid: "enc" });
    found.enc = (await (await vault.opener("enc", {})).open(jwe)) === "a message";
    return found;
  },
  async look() {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("countersign-keys");
      request.onsuccess = () => resolve(request.result);
    });
    const keys = await new Promise<CryptoKey[]>((resolve) => {
      const request = database.transaction("keys").objectStore("keys").getAll();
      request.onsuccess = () => resolve(request.result as CryptoKey[]);
    });
    database.close();
    const exported = async (key: CryptoKey) =>
      crypto.subtle.exportKey("jwk", key).then(
        () => true,
        () => false,
      );
    return Promise.all(keys.map(async (key) => ({ name: key.algorithm.name, exported: await exported(key) })));
  },
  async destroy() {
    await (await open()).destroy();
  },
};
export type KeyHands = typeof keyHands;

Object.assign(globalThis, { keyHands });
