/**
 * A small server for device tests, made of the protocol package's server halves behind an injected `fetch`. It keeps one
 * application and its activations in memory and checks what it gets: signatures, counters, envelopes, tokens.
 *
 * It is no model of the product's server: no throttling, no replay protection, no database.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { KeyPair } from "@countersign/protocol/crypto";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure, type Failure } from "@countersign/protocol/errors";
import { openActivationRequest, sealActivationResponse } from "@countersign/protocol/powerauth/activation";
import { encodeActivationCode, signActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { activationStates, sealStatusBlob } from "@countersign/protocol/powerauth/activation-status";
import { encodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import { counterHash } from "@countersign/protocol/powerauth/counter";
import { encryptorIds, openRequest, readEncryptedRequest, sealResponse } from "@countersign/protocol/powerauth/ecies";
import type { Encryptor } from "@countersign/protocol/powerauth/envelope";
import { readEncryptionHeader, readSignatureHeader } from "@countersign/protocol/powerauth/headers";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import {
  createTemporaryKeyResponse,
  readTemporaryKeyRequest,
  temporaryKeyMac,
  verifyTemporaryKeyRequest,
} from "@countersign/protocol/powerauth/temporary-key";
import { wrapVaultKey } from "@countersign/protocol/powerauth/vault";
import type { VersionRow } from "@countersign/protocol/powerauth/versions";
import type { Fetch } from "../src/engine/transport.ts";
import { ok, refused, requestObject, unauthorized, type Answer } from "./peer-answers.ts";
import { answerOperation, anyFactors, twoFactors, type PeerOperation } from "./peer-operations.ts";
import { verifySignature } from "./peer-proofs.ts";
import type { PeerActivation, PeerRequest, PeerToken } from "./peer-state.ts";

type Intercept = (path: string) => Response | Promise<Response> | undefined;

export class Peer {
  readonly applicationKey: Bytes;
  readonly applicationSecret: Bytes;
  readonly master = crypto.generateKeyPair(randomBytes);
  readonly activations = new Map<string, PeerActivation>();
  readonly tokens = new Map<string, PeerToken>();
  readonly operations = new Map<string, PeerOperation>();
  readonly requests: PeerRequest[] = [];
  readonly baseEndpointUrl = "https://peer.test/enrollment-server";
  readonly lookAhead = 20;
  readonly maxFailed = 5;
  /** Milliseconds the peer's clock is ahead. */
  clockAhead = 0;
  temporaryKeyLife = 300_000;
  customObject: Record<string, unknown> | undefined;
  /** What user info tells of everybody. */
  claims: Record<string, unknown> = { sub: "anna" };
  /** Who the key exchanges said they were, in their order. */
  readonly identities: unknown[] = [];
  readonly transfers: unknown[] = [];
  oidcConfig: (asked: Record<string, unknown>) => unknown = () => ({});
  /** Answers instead of the peer when it returns something. */
  intercept: Intercept = () => undefined;
  readonly #temporaryKeys = new Map<string, { readonly pair: KeyPair; readonly activationId: string | undefined }>();
  readonly fetch: Fetch = (url, init) => this.#answer(url, init);

  /** With another peer's application, an impostor of it: same key and secret, another master key. */
  constructor(application: Partial<Pick<Peer, "applicationKey" | "applicationSecret">> = {}) {
    this.applicationKey = application.applicationKey ?? randomBytes(16);
    this.applicationSecret = application.applicationSecret ?? randomBytes(16);
  }

  get configuration() {
    const configuration = encodeClientConfiguration({
      applicationKey: this.applicationKey,
      applicationSecret: this.applicationSecret,
      masterPublicKey: crypto.exportPublicKey(this.master.publicKey, "uncompressed"),
    });
    return { configuration, baseEndpointUrl: this.baseEndpointUrl };
  }

  /** A new code, signed as it would be scanned. */
  prepare(): { readonly code: string; readonly scanned: string; readonly activation: PeerActivation } {
    const code = encodeActivationCode(randomBytes(10));
    const activation: PeerActivation = {
      id: randomUUID(),
      server: crypto.generateKeyPair(randomBytes),
      code,
      ctrData: randomBytes(16),
      ctr: 0,
      state: activationStates.created,
      failed: 0,
    };
    this.activations.set(activation.id, activation);
    return { code, activation, scanned: `${code}#${signActivationCode(crypto, this.master.privateKey, code)}` };
  }

  paths(): string[] {
    return this.requests.map(({ path }) => path);
  }

  now(): number {
    return Date.now() + this.clockAhead;
  }

  async #answer(url: string, init: RequestInit): Promise<Response> {
    const path = url.slice(this.baseEndpointUrl.length);
    const replaced = this.intercept(path);
    if (replaced !== undefined) return replaced;
    const headers = new Headers(init.headers);
    const body = String(init.body);
    const request = { path, headers, body };
    const index = this.requests.push(request) - 1;
    const answer = this.#route(request, (signature) => (this.requests[index] = { ...request, signature }));
    return Response.json(answer.body, { status: answer.status });
  }

  #route(request: PeerRequest, note: (signature: NonNullable<PeerRequest["signature"]>) => void): Answer {
    const { path } = request;
    const signed = (uriId: string, allowed: readonly FactorCombination[], run: (signer: PeerActivation) => Answer) => {
      const signer = verifySignature(this, request, uriId, allowed, note);
      return signer === undefined ? unauthorized() : run(signer);
    };
    switch (path) {
      case "/pa/v3/status":
        return ok({ serverTime: this.now(), application: { name: "peer", version: "1" } });
      case "/pa/v3/keystore/create":
        return this.#createTemporaryKey(request);
      case "/pa/v3/activation/create":
        return this.#activate(request);
      case "/pa/v3/activation/status":
        return this.#status(request);
      case "/pa/v3/activation/remove":
        return signed("/pa/activation/remove", twoFactors, (signer) => {
          signer.state = activationStates.removed;
          return ok({ activationId: signer.id });
        });
      case "/pa/v3/signature/validate":
        return signed("/pa/signature/validate", anyFactors, () => ok());
      case "/pa/v3/token/create":
        return signed("/pa/token/create", anyFactors, (signer) => {
          return this.#encrypted(request, encryptorIds.tokenCreate, signer, () => {
            const id = randomUUID();
            const secret = randomBytes(16);
            this.tokens.set(id, { activationId: signer.id, secret });
            return { tokenId: id, tokenSecret: toBase64(secret) };
          });
        });
      case "/pa/v3/token/remove":
        return signed("/pa/token/remove", anyFactors, () => {
          const { tokenId } = requestObject(request);
          this.tokens.delete(String(tokenId));
          return ok({ tokenId });
        });
      case "/pa/v3/vault/unlock":
        return signed("/pa/vault/unlock", twoFactors, (signer) =>
          this.#encrypted(request, encryptorIds.vaultUnlock, signer, () => {
            const keys = signer.keys!;
            return { encryptedVaultEncryptionKey: wrapVaultKey(crypto, keys.transport, keys.vault) };
          }),
        );
      case "/pa/v3/user/info": {
        const named = this.#named(request);
        if (named?.state !== activationStates.active) return refused(400, "ERR_USER_INFO");
        return this.#encrypted(request, encryptorIds.activationGeneric, named, () => this.claims);
      }
      case "/pa/v3/activation/rename":
        return this.#encryptedAndSigned(request, "/pa/activation/rename", (signer, { activationName }) => {
          signer.name = String(activationName);
          return { status: "OK", responseObject: { activationId: signer.id, activationName } };
        });
      case "/api/activation/code":
        return this.#encryptedAndSigned(request, "/api/activation/code", (_, { requestObject: asked }) => {
          this.transfers.push(asked);
          const { activation, code } = this.prepare();
          const activationSignature = signActivationCode(crypto, this.master.privateKey, code);
          return {
            status: "OK",
            responseObject: { activationId: activation.id, activationCode: code, activationSignature },
          };
        });
      case "/api/config/oidc":
        return this.#encrypted(request, encryptorIds.applicationGeneric, undefined, this.oidcConfig);
      case "/echo/application":
        return this.#encrypted(request, encryptorIds.applicationGeneric, undefined, (value) => ({ echo: value }));
      case "/echo/activation":
        return this.#encrypted(request, encryptorIds.activationGeneric, this.#named(request), (value) => ({
          echo: value,
        }));
      default:
        return answerOperation(this, request, signed) ?? refused(404, "ERROR_NOT_FOUND");
    }
  }

  #createTemporaryKey(request: PeerRequest): Answer {
    const read = readTemporaryKeyRequest(String(requestObject(request).jwt));
    if (isFailure(read)) return refused(400, "ERR_TEMPORARY_KEY");
    const activation =
      read.claims.activationId === undefined ? undefined : this.activations.get(read.claims.activationId);
    if (read.claims.activationId !== undefined && activation?.keys === undefined)
      return refused(400, "ERR_TEMPORARY_KEY");
    const macKey = temporaryKeyMac(crypto, activation?.keys?.transport, toBase64(this.applicationSecret));
    const claims = verifyTemporaryKeyRequest(crypto, read, macKey);
    if (isFailure(claims)) return refused(400, "ERR_TEMPORARY_KEY");
    const pair = crypto.generateKeyPair(randomBytes);
    const temporaryKeyId = randomUUID();
    this.#temporaryKeys.set(temporaryKeyId, { pair, activationId: claims.activationId });
    const issuedAt = this.now();
    const key = { temporaryKeyId, publicKey: pair.publicKey, issuedAt, expiresAt: issuedAt + this.temporaryKeyLife };
    const signingKey = activation?.server.privateKey ?? this.master.privateKey;
    return ok({ jwt: createTemporaryKeyResponse(crypto, signingKey, claims, key) });
  }

  /** Makes the peer forget its temporary keys, as a restarted server would. */
  forgetTemporaryKeys(): void {
    this.#temporaryKeys.clear();
  }

  #activate(request: PeerRequest): Answer {
    const header = readEncryptionHeader(request.headers.get("X-PowerAuth-Encryption") ?? "", "application");
    const envelope = readEncryptedRequest(JSON.parse(request.body));
    if (isFailure(header) || isFailure(envelope)) return refused(400, "ERR_ENCRYPTION");
    const context = this.#applicationContext(header.version, envelope.temporaryKeyId);
    const opened = openActivationRequest(
      crypto,
      context,
      this.#recipient(header.version, envelope, undefined),
      envelope,
    );
    if (isFailure(opened)) return refused(400, "ERR_ACTIVATION");
    this.identities.push(opened.identity);
    const { code } = opened.identity.identityAttributes;
    const activation = [...this.activations.values()].find((candidate) => candidate.code === code);
    if (activation === undefined || activation.state !== activationStates.created)
      return refused(400, "ERR_ACTIVATION");
    activation.device = opened.devicePublicKey;
    activation.keys = activationKeys(
      crypto,
      masterSecret(crypto, activation.server.privateKey, opened.devicePublicKey),
    );
    activation.name = opened.device.activationName;
    activation.otp = opened.device.activationOtp;
    activation.state = activationStates.active;
    const result = {
      activationId: activation.id,
      serverPublicKey: activation.server.publicKey,
      ctrData: activation.ctrData,
      ...(opened.identity.customAttributes && { customAttributes: opened.identity.customAttributes }),
    };
    return { status: 200, body: sealActivationResponse(crypto, randomBytes, opened.exchange, result, this.now()) };
  }

  #status(request: PeerRequest): Answer {
    const { activationId, challenge } = requestObject(request);
    const activation = this.activations.get(String(activationId));
    const nonce = randomBytes(16);
    if (activation?.keys === undefined) {
      return ok({ activationId, encryptedStatusBlob: toBase64(randomBytes(32)), nonce: toBase64(nonce) });
    }
    const blob = {
      state: activation.state,
      currentVersion: 3,
      upgradeVersion: 3,
      ctrByte: activation.ctr % 256,
      failedAttempts: activation.failed,
      maxFailedAttempts: this.maxFailed,
      lookAhead: this.lookAhead,
      ctrDataHash: counterHash(crypto, activation.keys.transportCtr, activation.ctrData),
    };
    const withChallenge = typeof challenge === "string" ? fromBase64(challenge) : undefined;
    const sealed =
      withChallenge === undefined
        ? sealStatusBlob(crypto, randomBytes, activation.keys, blob)
        : sealStatusBlob(crypto, randomBytes, activation.keys, blob, withChallenge, nonce);
    return ok({
      activationId,
      encryptedStatusBlob: sealed,
      ...(withChallenge !== undefined && { nonce: toBase64(nonce) }),
      ...(this.customObject !== undefined && { customObject: this.customObject }),
    });
  }

  #encrypted(
    request: PeerRequest,
    encryptor: Encryptor,
    activation: PeerActivation | undefined,
    run: (value: Record<string, unknown>, text: string) => unknown,
  ): Answer {
    const version = this.#version(request);
    const envelope = readEncryptedRequest(JSON.parse(request.body));
    if (isFailure(version) || isFailure(envelope)) return refused(400, "ERR_ENCRYPTION");
    if (encryptor.scope === "activation" && activation?.keys === undefined) return refused(400, "ERR_ENCRYPTION");
    const context = {
      ...this.#applicationContext(version, envelope.temporaryKeyId),
      encryptor,
      ...(activation?.keys && { activationId: activation.id, transportKey: activation.keys.transport }),
    };
    const opened = openRequest(crypto, context, this.#recipient(version, envelope, activation), envelope);
    if (isFailure(opened)) return refused(400, "ERR_ENCRYPTION");
    const answer = run(JSON.parse(fromUtf8(opened.plaintext)!), fromUtf8(opened.plaintext)!);
    if (answer === undefined) return unauthorized();
    const result = utf8(JSON.stringify(answer));
    return { status: 200, body: sealResponse(crypto, randomBytes, opened.exchange, result, this.now()) };
  }

  /** The signature covers the plaintext. */
  #encryptedAndSigned(
    request: PeerRequest,
    uriId: string,
    run: (signer: PeerActivation, value: Record<string, unknown>) => unknown,
  ): Answer {
    const header = readSignatureHeader(request.headers.get("X-PowerAuth-Authorization") ?? "");
    const named = isFailure(header) ? undefined : this.activations.get(header.activationId);
    return this.#encrypted(request, encryptorIds.activationGeneric, named, (value, body) => {
      const signer = verifySignature(this, { ...request, body }, uriId, twoFactors, () => undefined);
      return signer && run(signer, value);
    });
  }

  #version(request: PeerRequest): VersionRow | Failure {
    const signature = request.headers.get("X-PowerAuth-Authorization");
    const header =
      signature === null
        ? readEncryptionHeader(request.headers.get("X-PowerAuth-Encryption") ?? "")
        : readSignatureHeader(signature);
    return isFailure(header) ? header : header.version;
  }

  #named(request: PeerRequest): PeerActivation | undefined {
    const header = readEncryptionHeader(request.headers.get("X-PowerAuth-Encryption") ?? "", "activation");
    return isFailure(header) ? undefined : this.activations.get(header.activationId!);
  }

  #applicationContext(version: VersionRow, temporaryKeyId: string | null | undefined) {
    return {
      version,
      applicationKey: toBase64(this.applicationKey),
      applicationSecret: toBase64(this.applicationSecret),
      temporaryKeyId: temporaryKeyId ?? undefined,
    };
  }

  #recipient(
    version: VersionRow,
    envelope: { readonly temporaryKeyId?: string | null | undefined },
    activation: PeerActivation | undefined,
  ) {
    if (!version.temporaryKeys) return (activation?.server ?? this.master).privateKey;
    const key = this.#temporaryKeys.get(envelope.temporaryKeyId ?? "");
    // A key nobody knows: opening fails like for any other wrong key.
    if (key === undefined || key.activationId !== activation?.id) return crypto.generateKeyPair(randomBytes).privateKey;
    return key.pair.privateKey;
  }
}
