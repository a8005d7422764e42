/**
 * A relying party with keys of its own: signs requests and proofs as FAPI wants them, or nearly. Every claim can be
 * changed or left out, which is what tests of refusals do.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomUUID, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import type { Json, Reply } from "./bank.ts";
import { cibaGrant, type OidcBank } from "./oidc-bank.ts";

export interface Signer {
  readonly key: CryptoKey;
  readonly jwk: JWK;
  readonly alg: string;
  readonly certificate?: X509Certificate;
}

export async function newSigner(alg = "ES256"): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), alg, use: "sig" }, alg };
}

export const seconds = () => Math.floor(Date.now() / 1000);

/** Members that are undefined are left out. */
type Claims = Readonly<Record<string, unknown>>;

export async function signed(signer: Signer, claims: Claims, alg = signer.alg, typ?: string): Promise<string> {
  const kept = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  if (alg === "none") return new UnsecuredJWT(kept).encode();
  const header = { alg, kid: signer.jwk.kid as string, ...(typ !== undefined && { typ }) };
  return new SignJWT(kept).setProtectedHeader(header).sign(signer.key);
}

export type RelyingParty = Awaited<ReturnType<typeof relyingParty>>;

/** A client of `metadata` that authenticates with a key of its own, where nothing else is said. */
export async function relyingParty(oidc: OidcBank, metadata: Json = {}, signer?: Signer) {
  const own = signer ?? (await newSigner());
  const client = await oidc.client({
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [own.jwk] },
    ...metadata,
  });
  return partyOf(oidc, client.client_id, own);
}

export function partyOf(oidc: OidcBank, clientId: string, signer: Signer) {
  const party = {
    clientId,
    signer,

    assertion: (changed: Claims = {}, by: Signer = signer, alg?: string): Promise<string> =>
      signed(
        by,
        {
          iss: clientId,
          sub: clientId,
          aud: oidc.issuer,
          jti: randomUUID(),
          iat: seconds(),
          exp: seconds() + 60,
          ...changed,
        },
        alg,
      ),

    async credentials(changed: Claims = {}): Promise<Record<string, string>> {
      return {
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: await party.assertion(changed),
      };
    },

    /** A request object; `changed` may leave claims out. */
    object: (changed: Claims = {}, by: Signer = signer, alg?: string): Promise<string> =>
      signed(
        by,
        {
          iss: clientId,
          aud: oidc.issuer,
          iat: seconds(),
          nbf: seconds(),
          exp: seconds() + 300,
          jti: randomUUID(),
          scope: "openid",
          binding_message: "1234",
          ...changed,
        },
        alg,
      ),

    /** `POST` with the client's assertion. */
    post: async (path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> =>
      oidc.post(path, { ...(await party.credentials()), ...form }, undefined, headers),

    start: async (changed: Claims): Promise<Reply> =>
      party.post("/backchannel", { request: await party.object(changed) }),

    async started(changed: Claims): Promise<string> {
      const reply = await party.start(changed);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return reply.body.auth_req_id;
    },

    /** With a proof of possession by `key`; answers what the server's nonce asks for. */
    async redeem(authReqId: string, key?: Signer): Promise<Reply> {
      const form = { grant_type: cibaGrant, auth_req_id: authReqId };
      return party.post("/token", form, key ? { dpop: await proof(key, `${oidc.issuer}/token`) } : {});
    },
  };
  return party;
}

/** RFC 9449. */
export function proof(
  key: Signer,
  url: string,
  changed: Claims & { readonly accessToken?: string } = {},
  method = "POST",
) {
  const { accessToken, ...claims } = changed;
  const { kid: _, alg: _alg, use: _use, ...jwk } = key.jwk;
  const ath = accessToken && createHash("sha256").update(accessToken).digest("base64url");
  return new SignJWT({
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: seconds(),
    ...(ath && { ath }),
    ...claims,
  })
    .setProtectedHeader({ alg: key.alg, typ: "dpop+jwt", jwk })
    .sign(key.key);
}

/** A certificate that signs itself, and its key, made by OpenSSL. */
export function newCertificate(
  subject: string,
  alternativeNames?: string,
): { readonly pem: string; readonly jwk: JWK } {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cert-"));
  try {
    const at = (name: string) => join(folder, name);
    const more = alternativeNames === undefined ? [] : ["-addext", `subjectAltName=${alternativeNames}`];
    const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const files = ["-keyout", at("key.pem"), "-out", at("cert.pem")];
    execFileSync("openssl", ["req", "-x509", ...algorithm, ...files, "-subj", subject, ...more], { stdio: "ignore" });
    const pem = readFileSync(at("cert.pem"), "utf8");
    const certificate = new X509Certificate(pem);
    const jwk = certificate.publicKey.export({ format: "jwk" }) as JWK;
    return { pem, jwk: { ...jwk, use: "sig", kid: randomUUID(), x5c: [certificate.raw.toString("base64")] } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
