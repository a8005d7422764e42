/** Checks of signatures, canonical queries, token digests and headers (PowerAuth 3.x, signatures, tokens, headers). */
import { isFailure, type Failure } from "@countersign/protocol/errors";
import { canonicalQuery, canonicalQueryDecodedTwice } from "@countersign/protocol/powerauth/canonical-query";
import {
  readEncryptionHeader,
  readHeaderMembers,
  readSignatureHeader,
  readTokenHeader,
} from "@countersign/protocol/powerauth/headers";
import {
  computeOffline,
  computeSignature,
  findComponent,
  matchesAt,
  matchesOfflineAt,
  parseOffline,
  parseOnline,
  signatureBase,
} from "@countersign/protocol/powerauth/signature";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import { type VersionRow, versionRow } from "@countersign/protocol/powerauth/versions";
import type { Members, RowCheck } from "../row.ts";
import { decoded } from "./keys.ts";

export const checkSignatureOf =
  (version: string): RowCheck =>
  (crypto, { input, output }, expect) => {
    const row = namedVersion(input, version);
    const keys = input.texts("keys").map((key) => crypto.secretKey(decoded(key)));
    const ctr = input.bytes("ctrData");
    const data = input.bytes("data");
    const signature = output.text("signature");
    expect.equal("signature", computeSignature(crypto, row, keys, ctr, data), signature);

    const components = parseOnline(row, signature, keys.length) ?? [];
    expect.that("the signature matches", matchesAt(crypto, row, keys, ctr, data, components));
    expect.equal("offset", findComponent(crypto, row, keys[0]!, ctr, 20, data, components[0] ?? "")?.offset, 0);
    expect.that("another number of components is refused", parseOnline(row, signature, keys.length + 1) === undefined);
  };

export const checkOfflineSignature: RowCheck = (crypto, { input, output }, expect) => {
  expect.equal("format", input.text("format"), "DECIMAL");
  const length = input.numberOrNull("length") ?? undefined;
  const keys = input.texts("keys").map((key) => crypto.secretKey(decoded(key)));
  const ctr = input.bytes("ctrData");
  const data = input.bytes("data");
  const signature = output.text("signature");
  expect.equal("signature", computeOffline(crypto, keys, ctr, data, length), signature);

  const components = parseOffline(signature, keys.length, length) ?? [];
  expect.that("the signature matches", matchesOfflineAt(crypto, keys, ctr, data, components, length));
};

export const checkBaseString: RowCheck = (_crypto, { input, output }, expect) => {
  const method = input.textOrNull("method") ?? undefined;
  const uriId = input.textOrNull("uriId") ?? undefined;
  const body = input.bytesOrNull("body") ?? undefined;
  const base = signatureBase(method, uriId, input.textOrNull("nonce") ?? "", body);
  expect.equal("result", base, output.text("result"));
};

export const checkCanonicalQuery: RowCheck = (_crypto, { input, output }, expect) => {
  expect.equal("result", canonicalQuery(input.text("query")), output.textOrNull("result") ?? "");
};

export const checkCanonicalQueryDecodedTwice: RowCheck = (_crypto, { input, output }, expect) => {
  expect.equal("result", canonicalQueryDecodedTwice(input.text("query")), output.textOrNull("result") ?? "");
};

export const checkTokenDigestOf =
  (version: string): RowCheck =>
  (crypto, { input, output }, expect) => {
    const row = namedVersion(input, version);
    const secret = crypto.secretKey(input.bytes("tokenSecret"));
    const digest = tokenDigest(crypto, row, secret, input.bytes("nonce"), input.text("timestamp"));
    expect.equal("digest", digest, output.bytes("digest"));
  };

const headerMembers = {
  signature: ["pa_activation_id", "pa_application_key", "pa_nonce", "pa_signature_type", "pa_signature", "pa_version"],
  token: ["token_id", "token_digest", "nonce", "timestamp", "version"],
  encryption: ["application_key", "activation_id", "version"],
} as const;

/** The members as parsed, the verdict, and the code of a refusal, which names ours with a prefix. */
export const checkHttpHeader: RowCheck = (_crypto, { input, output }, expect) => {
  const kind = input.text("kind") as keyof typeof headerMembers;
  const value = input.text("value");
  const names = headerMembers[kind] as (typeof headerMembers)[keyof typeof headerMembers] | undefined;
  if (names === undefined) throw new Error("a header of unknown kind");
  const members = readHeaderMembers(value) ?? {};
  for (const name of names) expect.equal(name, members[name] ?? null, output.textOrNull(name));

  const header =
    kind === "signature"
      ? readSignatureHeader(value)
      : kind === "token"
        ? readTokenHeader(value)
        : encryption(input, value);
  expect.equal("ok", !isFailure(header), output.flag("ok"));
  const code = isFailure(header) ? `POWER_AUTH_${header.error.toUpperCase().replaceAll("-", "_")}` : undefined;
  expect.equal("error", code, output.optionalText("error"));
};

const scopes: Readonly<Record<string, "application" | "activation" | undefined>> = {
  APPLICATION_SCOPE: "application",
  ACTIVATION_SCOPE: "activation",
};

function encryption(input: Members, value: string): object | Failure {
  const scope = scopes[input.text("scope")];
  if (scope === undefined) throw new Error("an unknown scope");
  return readEncryptionHeader(value, scope);
}

/** The version of a row must be the one its file is for. */
export function namedVersion(input: Members, version: string): VersionRow {
  const row = versionRow(input.text("version"));
  if (row?.version !== version) throw new Error(`the row is not of version ${version}`);
  return row;
}
