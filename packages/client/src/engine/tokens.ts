/**
 * Tokens: after one signed request the server knows a secret that later requests prove without a counter
 * (PowerAuth 3.x, tokens). Names are the application's own and never leave the device.
 */
import { fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { isUuid, tokenHeaderName, writeTokenHeader } from "@countersign/protocol/powerauth/headers";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import type { Device } from "./device.ts";
import { decryptAnswer, encryptForActivation } from "./encrypt.ts";
import { EngineError } from "./errors.ts";
import { signAndSend, type Header } from "./sign.ts";
import { inTurn, lockState, requireState, storing } from "./state.ts";
import { currentTime, synchronizeOnce } from "./time.ts";
import { isRecord, requireSuccess, type CallOptions } from "./transport.ts";
import type { Unlock } from "./unlock.ts";

export interface Token {
  readonly name: string;
  readonly id: string;
  readonly secret: Bytes;
  readonly factors: string;
  readonly activationId: string;
}

/**
 * The token of that name, from the device or else from the server. Parallel requests for one name share one. Throws
 * `token-factors-differ` when the name stands for other factors, `activation-missing`, and the codes of signed and
 * encrypted calls. For a token that is there already nothing is verified.
 */
export async function requestToken(
  device: Device,
  name: string,
  unlock: Unlock,
  options?: CallOptions,
): Promise<Token> {
  const { tokenRequests } = device.memory;
  const known = await findUsable(device, name, unlock);
  if (known !== undefined) return known;
  const running = tokenRequests.get(name);
  if (running !== undefined) {
    if (running.factors !== unlock.factors) throw factorsDiffer();
    return running.token;
  }
  const token = inTurn(
    device,
    async () => (await findUsable(device, name, unlock)) ?? createToken(device, name, unlock, options),
  );
  tokenRequests.set(name, { factors: unlock.factors, token });
  try {
    return await token;
  } finally {
    tokenRequests.delete(name);
  }
}

/** Removes the token on the server and, only after its success, here. Throws `token-unknown`. */
export async function removeToken(device: Device, name: string, options?: CallOptions): Promise<void> {
  await requireState(device);
  const token = await findToken(device, name);
  if (token === undefined) throw new EngineError("token-unknown", "The device has no token of that name");
  const body = JSON.stringify({ requestObject: { tokenId: token.id } });
  const call = { path: "/pa/v3/token/remove", uriId: "/pa/token/remove", body };
  requireSuccess(await inTurn(device, () => signAndSend(device, { factors: "possession" }, call, options)));
  await removeLocalToken(device, name);
}

export async function findToken(device: Device, name: string): Promise<Token | undefined> {
  return (await loadTokens(device)).find((token) => token.name === name);
}

/** Local; an unknown name is no error. The server keeps the token. */
export async function removeLocalToken(device: Device, name: string): Promise<void> {
  await changeTokens(device, (tokens) => tokens.filter((token) => token.name !== name));
}

/** The header that proves the token at this moment. Throws `token-unknown`, `token-of-other-activation`. */
export async function tokenHeader(device: Device, name: string, options?: CallOptions): Promise<Header> {
  const token = await findToken(device, name);
  if (token === undefined) throw new EngineError("token-unknown", "The device has no token of that name");
  const state = await requireState(device);
  if (token.activationId !== state.activationId) {
    throw new EngineError("token-of-other-activation", "The token belongs to another activation");
  }
  await synchronizeOnce(device, options);
  const { crypto, version } = device;
  const nonce = device.random(16);
  const timestamp = String(Math.round(currentTime(device)));
  const digest = tokenDigest(crypto, version, crypto.secretKey(token.secret), nonce, timestamp);
  const value = writeTokenHeader({
    tokenId: token.id,
    tokenDigest: toBase64(digest),
    nonce: toBase64(nonce),
    timestamp,
    version,
  });
  return { name: tokenHeaderName, value };
}

/** Forgets all tokens. Only inside `lockState`. */
export async function dropTokens(device: Device): Promise<void> {
  await storing(() => device.storage.remove(recordName(device)));
}

export async function removeAllLocalTokens(device: Device): Promise<void> {
  await lockState(device, () => dropTokens(device));
}

async function findUsable(device: Device, name: string, unlock: Unlock): Promise<Token | undefined> {
  const state = await requireState(device);
  const token = await findToken(device, name);
  if (token === undefined || token.activationId !== state.activationId) return undefined;
  if (token.factors !== unlock.factors) throw factorsDiffer();
  return token;
}

/** Only in turn. The signature covers the encrypted body, as the endpoint has it. */
async function createToken(
  device: Device,
  name: string,
  unlock: Unlock,
  options: CallOptions | undefined,
): Promise<Token> {
  const encrypted = await encryptForActivation(device, encryptorIds.tokenCreate, utf8("{}"), options);
  const call = { path: "/pa/v3/token/create", uriId: "/pa/token/create", body: JSON.stringify(encrypted.request) };
  const answer = await signAndSend(device, unlock, call, options);
  const { tokenId, tokenSecret } = parse(decryptAnswer(device, encrypted, answer)) ?? {};
  const secret = typeof tokenSecret === "string" ? fromBase64(tokenSecret) : undefined;
  if (typeof tokenId !== "string" || !isUuid(tokenId) || secret?.length !== 16) {
    throw new EngineError("response-malformed", "The server's token cannot be used");
  }
  const { activationId } = encrypted.state;
  const token: Token = { name, id: tokenId, secret, factors: unlock.factors, activationId };
  await changeTokens(device, (tokens) => [...tokens.filter((other) => other.name !== name), token]);
  return token;
}

function changeTokens(device: Device, change: (tokens: readonly Token[]) => readonly Token[]): Promise<void> {
  return lockState(device, async () => {
    const bytes = encodeTokens(change(await loadTokens(device)));
    await storing(() => device.storage.set(recordName(device), bytes));
  });
}

async function loadTokens(device: Device): Promise<readonly Token[]> {
  const bytes = await storing(() => device.storage.get(recordName(device)));
  const list = bytes && parse(bytes)?.tokens;
  return Array.isArray(list) ? list.map(readToken).filter((token) => token !== undefined) : [];
}

function encodeTokens(tokens: readonly Token[]): Bytes {
  return utf8(
    JSON.stringify({ version: 1, tokens: tokens.map((token) => ({ ...token, secret: toBase64(token.secret) })) }),
  );
}

/** A token that cannot be read is as good as none: the server gives another one. */
function readToken(value: unknown): Token | undefined {
  if (!isRecord(value)) return undefined;
  const { name, id, factors, activationId } = value;
  const secret = typeof value.secret === "string" ? fromBase64(value.secret) : undefined;
  if (typeof name !== "string" || typeof id !== "string" || typeof factors !== "string") return undefined;
  if (typeof activationId !== "string" || secret?.length !== 16) return undefined;
  return { name, id, secret, factors, activationId };
}

function parse(bytes: Bytes): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes) ?? "");
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function recordName(device: Device): string {
  return `${device.instanceId}/tokens`;
}

function factorsDiffer(): EngineError {
  return new EngineError("token-factors-differ", "The token's name stands for other factors");
}
