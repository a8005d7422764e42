/** Published files that are left out on purpose, with the reason. Whatever is neither here nor checked is an error. */

const version2 = "protocol 2.x, which is not spoken";
const version4 = "protocol 4, a draft";
const otherEncoding = "the same mathematics behind an encoding that is never read here";
const unused = "an algorithm or size that PowerAuth 3.x does not use";

export const notOurs: ReadonlyMap<string, string> = new Map([
  ["reference/official/decrypt-server-public-key-v2.json", version2],
  ["reference/official/encrypt-device-public-key-v2.json", version2],
  ["reference/official/public-key-fingerprint-v2.json", version2],
  ["reference/official/public-key-fingerprint.json", version2],
  ["reference/official/signatures-v2.json", version2],
  ["reference/official/verify-activation-data-signature-v2.json", version2],
  ["reference/official/verify-encrypted-server-public-key-signature-v2.json", version2],
  ["reference/mobile-sdk-core/decrypt-server-public-key.json", version2],
  ["reference/mobile-sdk-core/encrypt-device-public-key.json", version2],
  ["reference/mobile-sdk-core/signatures-v2.json", version2],
  ["reference/mobile-sdk-core/verify-activation-data-signature.json", version2],
  ["reference/mobile-sdk-core/verify-encrypted-server-public-key-signature.json", version2],
  ["reference/extracted/v4-temporary-key-jwt.json", version4],
  ["protocol4-draft/Auth_Code_Test_Vectors.json", version4],
  ["protocol4-draft/E2ee_Activation_Scope_Test_Vectors_40.json", version4],
  ["protocol4-draft/E2ee_Application_Scope_Test_Vectors_40.json", version4],
  ["protocol4-draft/ECDHE_P384_MLKEM_768_Client_Vectors.json", version4],
  ["protocol4-draft/ECDHE_P384_MLKEM_768_Test_Vectors.json", version4],
  ["protocol4-draft/ECDHE_P384_Test_Vectors.json", version4],
  ["protocol4-draft/Hash_Based_Counter_Test_Vectors.json", version4],
  ["protocol4-draft/MLKEM_768_Test_Vectors.json", version4],
  ["protocol4-draft/Token_Digest_Test_Vectors.json", version4],
  ["protocol4-draft/stable-E2ee_Activation_Scope_Test_Vectors.json", version4],
  ["protocol4-draft/stable-E2ee_Application_Scope_Test_Vectors.json", version4],
  ["wycheproof/ecdh_secp256r1_test.json", otherEncoding],
  ["wycheproof/ecdh_secp256r1_pem_test.json", otherEncoding],
  ["wycheproof/aes_gcm_test.json", unused],
  ["wycheproof/ecdh_secp384r1_ecpoint_test.json", unused],
  ["wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", unused],
  ["wycheproof/ecdsa_secp384r1_sha384_test.json", unused],
  ["wycheproof/ed25519_test.json", unused],
  ["wycheproof/hkdf_sha256_test.json", unused],
  ["wycheproof/hmac_sha512_test.json", unused],
  ["wycheproof/mldsa_65_verify_test.json", unused],
  ["wycheproof/rsa_signature_2048_sha256_test.json", unused],
  ["wycheproof/x25519_test.json", unused],
  ["wycheproof/LICENSE", "not vectors"],
  ["wycheproof/SOURCE.txt", "not vectors"],
]);
