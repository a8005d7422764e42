/** Wycheproof through this package's own interface: not one disagreement is tolerated, on either provider. */
import assert from "node:assert/strict";
import { toHex } from "@countersign/protocol/bytes";
import type { CryptoProvider, SignatureFormat } from "@countersign/protocol/crypto";
import type { PublishedCheck } from "./official.ts";
import { hex, type Values } from "./read.ts";

interface Group {
  readonly keySize?: number;
  readonly tagSize?: number;
  readonly publicKey?: { readonly uncompressed: string };
  readonly tests: readonly (Values & { readonly tcId: unknown; readonly flags: readonly string[] })[];
}

type Case = Group["tests"][number];

export const wycheproofChecks: ReadonlyMap<string, PublishedCheck> = new Map<string, PublishedCheck>([
  ["wycheproof/aes_cbc_pkcs5_test.json", groups(checkAesCbc, ({ keySize }) => keySize === 128)],
  ["wycheproof/hmac_sha256_test.json", groups(checkHmac, ({ tagSize }) => tagSize === 256)],
  ["wycheproof/ecdh_secp256r1_ecpoint_test.json", groups(checkEcdh)],
  ["wycheproof/ecdsa_secp256r1_sha256_test.json", groups(checkEcdsa("der"))],
  ["wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", groups(checkEcdsa("jose"))],
]);

function groups(
  agrees: (crypto: CryptoProvider, test: Case, group: Group) => boolean,
  applies: (group: Group) => boolean = () => true,
): PublishedCheck {
  return (crypto, content) => {
    const { testGroups } = content as { readonly testGroups: readonly Group[] };
    const applicable = testGroups.filter(applies);
    const tests = applicable.flatMap((group) => group.tests.map((test) => ({ test, group })));
    const disagreements = tests.filter(({ test, group }) => !agrees(crypto, test, group)).map(({ test }) => test.tcId);
    assert.ok(tests.length > 0);
    assert.deepEqual(disagreements, []);
  };
}

function checkAesCbc(crypto: CryptoProvider, test: Case): boolean {
  const key = crypto.secretKey(hex(test.key));
  const decrypted = crypto.aesCbcDecrypt(key, hex(test.iv), hex(test.ct), { padding: true });
  if (test.result !== "valid") return decrypted === undefined;
  const encrypted = crypto.aesCbcEncrypt(key, hex(test.iv), hex(test.msg), { padding: true });
  return decrypted !== undefined && toHex(decrypted) === test.msg && toHex(encrypted) === test.ct;
}

function checkHmac(crypto: CryptoProvider, test: Case): boolean {
  const tag = toHex(crypto.hmacSha256(crypto.secretKey(hex(test.key)), hex(test.msg)));
  return (tag === test.tag) === (test.result === "valid");
}

/** The one case called acceptable is a compressed point, which PowerAuth clients send. */
function checkEcdh(crypto: CryptoProvider, test: Case): boolean {
  const publicKey = crypto.importPublicKey(hex(test.public));
  if (test.result === "invalid") return publicKey === undefined;
  const privateKey = crypto.importPrivateKey(hex(test.private))!;
  return publicKey !== undefined && toHex(crypto.ecdh(privateKey, publicKey)) === test.shared;
}

function checkEcdsa(format: SignatureFormat) {
  return (crypto: CryptoProvider, test: Case, group: Group): boolean => {
    const publicKey = crypto.importPublicKey(hex(group.publicKey!.uncompressed))!;
    return crypto.verify(publicKey, hex(test.msg), hex(test.sig), format) === (test.result === "valid");
  };
}
