/**
 * Another PowerAuth server, as small as it can be: it answers one device in the shapes that deployed servers document,
 * with members beside those that we send ourselves. Whatever the device proves, it checks.
 */
import { createPrivateKey, randomBytes, randomUUID, sign } from "node:crypto";
import {
  aes,
  base64,
  bytesOf,
  derivedKey,
  digitsOf,
  type Envelope,
  fold,
  hash,
  hmac,
  internalKey,
  Keys,
  openEnvelope,
  signatureOf,
} from "./primitives.ts";

type Version = "3.1" | "3.2" | "3.3";

interface Request {
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export class AnotherServer {
  readonly version: Version;
  readonly now: () => number;
  readonly applicationKey = base64(randomBytes(16));
  readonly applicationSecret = base64(randomBytes(16));
  readonly activationId = randomUUID();
  readonly activationCode = newCode();
  readonly operation = {
    id: randomUUID(),
    name: "authorize_payment",
    data: "A1*A100.00CZK*Q238400856/0300**D20250629*NUtility Bill Payment - 05/2025",
    status: "PENDING",
  };
  readonly #master = new Keys();
  readonly #server = new Keys();
  readonly #temporary = new Map<string, Keys>();
  readonly #tokens = new Map<string, Buffer>();
  #master16: Buffer = Buffer.alloc(16);
  #ctr: Buffer = randomBytes(16);
  #count = 0;

  constructor(version: Version, now: () => number) {
    this.version = version;
    this.now = now;
  }

  get masterPublicKey(): string {
    return base64(this.#master.publicPoint);
  }

  /** Status 200 with this body, or a refusal in the documented form. */
  answer(request: Request): { readonly status: number; readonly body: object } {
    try {
      return { status: 200, body: this.#route(request) };
    } catch (error) {
      const message = error instanceof Error ? error.message : "unknown";
      return { status: 401, body: { status: "ERROR", responseObject: { code: "POWERAUTH_AUTH_FAIL", message } } };
    }
  }

  /** Whether the digits are those of PIN and possession, at the counter the device is at. */
  acceptsOffline(nonce: string, body: string, digits: string): boolean {
    const data = this.#data("/operation/authorize/offline", nonce, body, "offline");
    const factors = this.#factors("possession_knowledge");
    return this.#search((ctr) => signatureOf(factors, ctr, data).map(digitsOf).join("-") === digits);
  }

  #route({ path, body, headers }: Request): object {
    const json = JSON.parse(body) as Record<string, unknown>;
    switch (path) {
      case "/pa/v3/status":
        return ok({
          serverTime: this.now(),
          application: {
            name: "enrollment-server",
            displayName: "Enrollment Server",
            environment: "",
            version: "1.9.0",
            buildTime: "2024-10-01T10:00:00Z",
          },
        });
      case "/pa/v3/keystore/create":
        return ok({ jwt: this.#temporaryKey((json.requestObject as { jwt: string }).jwt) });
      case "/pa/v3/activation/create":
        return this.#activate(json as unknown as Envelope);
      case "/pa/v3/activation/status":
        return this.#status(json.requestObject as { challenge: string });
      case "/pa/v3/signature/validate":
        this.#verify(headers, "/pa/signature/validate", body);
        return { status: "OK", responseObject: null };
      case "/pa/v3/token/create": {
        this.#verify(headers, "/pa/token/create", body);
        const opened = this.#open("/pa/token/create", json as unknown as Envelope, true);
        const [tokenId, secret] = [randomUUID(), randomBytes(16)];
        this.#tokens.set(tokenId, secret);
        return opened.seal({ tokenId, tokenSecret: base64(secret) }, this.now());
      }
      case "/pa/v3/vault/unlock": {
        this.#verify(headers, "/pa/vault/unlock", body);
        const opened = this.#open("/pa/vault/unlock", json as unknown as Envelope, true);
        const vault = derivedKey(this.#master16, 2000);
        const encryptedVaultEncryptionKey = base64(aes(this.#transport(), Buffer.alloc(16), vault, true));
        return opened.seal({ encryptedVaultEncryptionKey }, this.now());
      }
      case "/pa/v3/user/info": {
        const opened = this.#open("/pa/generic/activation", json as unknown as Envelope, true);
        return opened.seal({ sub: "user-1", iat: 1_700_000_000, jti: randomUUID(), given_name: "Jana" }, this.now());
      }
      case "/api/auth/token/app/operation/list":
        this.#verifyToken(headers);
        return {
          status: "OK",
          currentTimestamp: "2025-06-29T12:00:00+0000",
          responseObject: this.operation.status === "PENDING" ? [this.#shown()] : [],
        };
      case "/api/auth/token/app/operation/authorize": {
        this.#verify(headers, "/operation/authorize", body);
        const { id, data } = json.requestObject as { id: string; data: string };
        if (id !== this.operation.id || data !== this.operation.data) throw new Error("Another operation");
        this.operation.status = "APPROVED";
        return { status: "OK" };
      }
      case "/pa/v3/activation/remove":
        this.#verify(headers, "/pa/activation/remove", body);
        return ok({ activationId: this.activationId });
      default:
        throw new Error(`Nothing at ${path}`);
    }
  }

  #shown() {
    return {
      ...this.operation,
      statusReason: null,
      operationCreated: "2025-06-29T11:58:00+0000",
      operationExpires: "2025-06-29T12:03:00+0000",
      allowedSignatureType: { type: "2FA", variants: ["possession_knowledge", "possession_biometry"] },
      formData: {
        title: "Confirm Payment",
        message: "Hello,\nplease confirm following payment:",
        attributes: [
          {
            type: "AMOUNT",
            id: "operation.amount",
            label: "Amount",
            amount: 100.0,
            currency: "CZK",
            amountFormatted: "100,00",
            currencyFormatted: "Kč",
            valueFormatted: "100,00 Kč",
          },
          { type: "SOMETHING_NEW", id: "operation.new", label: "New", shape: { any: true } },
        ],
      },
      ui: { flipButtons: false, blockApprovalOnCall: false },
      proximityCheckEnabled: false,
    };
  }

  #activate(envelope: Envelope): object {
    const outer = this.#open("/pa/generic/application", envelope, false);
    const { type, identityAttributes, activationData } = outer.json as {
      type: string;
      identityAttributes: { code: string };
      activationData: Envelope;
    };
    if (type !== "CODE" || identityAttributes.code !== this.activationCode) throw new Error("Another code");
    const inner = this.#open("/pa/activation", activationData, false);
    this.#master16 = fold(this.#server.shared(bytesOf(String(inner.json.devicePublicKey))));
    const sealed = inner.seal(
      {
        activationId: this.activationId,
        serverPublicKey: base64(this.#server.publicPoint),
        ctrData: base64(this.#ctr),
        activationRecovery: null,
      },
      this.now(),
    );
    return outer.seal({ activationData: sealed, customAttributes: {}, userInfo: { sub: "user-1" } }, this.now());
  }

  #status({ challenge }: { readonly challenge: string }): object {
    const transport = this.#transport();
    const nonce = randomBytes(16);
    const iv = internalKey(derivedKey(transport, 3000), Buffer.concat([bytesOf(challenge), nonce]));
    const head = Buffer.from([0xde, 0xc0, 0xde, 0xd1, 3, 3, 3]);
    const tail = Buffer.from([this.#count % 256, 0, 5, 20]);
    const blob = Buffer.concat([head, randomBytes(5), tail, internalKey(derivedKey(transport, 4000), this.#ctr)]);
    return ok({
      activationId: this.activationId,
      encryptedStatusBlob: base64(aes(transport, iv, blob, false)),
      nonce: base64(nonce),
      customObject: { branch: "Prague" },
    });
  }

  #temporaryKey(jwt: string): string {
    const [header, claims, tag] = jwt.split(".") as [string, string, string];
    const asked = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, string>;
    const secret = bytesOf(this.applicationSecret);
    const isActivation = asked.activationId !== undefined;
    const key = isActivation ? internalKey(this.#transport(), secret) : secret;
    if (hmac(key, `${header}.${claims}`).toString("base64url") !== tag) throw new Error("The request is not signed");
    const id = randomUUID();
    const pair = new Keys();
    this.#temporary.set(id, pair);
    const issued = this.now();
    const payload = {
      sub: id,
      ...asked,
      publicKey: base64(pair.publicPoint),
      iat: Math.floor(issued / 1000),
      exp: Math.floor(issued / 1000) + 300,
      iat_ms: issued,
      exp_ms: issued + 300_000,
    };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const input = `${encode({ alg: "ES256", typ: "JWT" })}.${encode(payload)}`;
    const signer = isActivation ? this.#server : this.#master;
    return `${input}.${sign("sha256", Buffer.from(input), { key: jwkOf(signer), dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }

  #open(id: string, envelope: Envelope, inActivation: boolean) {
    const { version, applicationKey, applicationSecret } = this;
    const longTerm = inActivation ? this.#server : this.#master;
    const recipient = version === "3.3" ? this.#temporary.get(String(envelope.temporaryKeyId)) : longTerm;
    if (recipient === undefined) throw new Error("No such temporary key");
    const activation = inActivation ? { id: this.activationId, transportKey: this.#transport() } : undefined;
    return openEnvelope({ version, id, applicationKey, applicationSecret, activation, recipient }, envelope);
  }

  /** The counter moves with what is accepted, and only with that. */
  #verify(headers: Request["headers"], uriId: string, body: string): void {
    const parts = membersOf(headers["X-PowerAuth-Authorization"] ?? "");
    if (parts.pa_activation_id !== this.activationId || parts.pa_version !== this.version) throw new Error("Header");
    if (parts.pa_application_key !== this.applicationKey) throw new Error("Another application");
    const data = this.#data(uriId, parts.pa_nonce!, body, this.applicationSecret);
    const factors = this.#factors(parts.pa_signature_type!);
    const expected = (ctr: Buffer) =>
      base64(Buffer.concat(signatureOf(factors, ctr, data).map((component) => component.subarray(16))));
    if (!this.#search((ctr) => expected(ctr) === parts.pa_signature)) throw new Error("The signature is wrong");
  }

  #verifyToken(headers: Request["headers"]): void {
    const parts = membersOf(headers["X-PowerAuth-Token"] ?? "");
    const secret = this.#tokens.get(parts.token_id!);
    const version = this.version === "3.1" ? "" : `&${this.version}`;
    const data = Buffer.concat([bytesOf(parts.nonce!), Buffer.from(`&${parts.timestamp}${version}`)]);
    if (secret === undefined || base64(hmac(secret, data)) !== parts.token_digest)
      throw new Error("The token is wrong");
  }

  #data(uriId: string, nonce: string, body: string, secret: string): string {
    return ["POST", base64(Buffer.from(uriId)), nonce, base64(Buffer.from(body)), secret].join("&");
  }

  #factors(type: string): Buffer[] {
    const names = ["possession", "knowledge", "biometry"];
    return type.split("_").map((name) => derivedKey(this.#master16, names.indexOf(name) + 1));
  }

  #transport(): Buffer {
    return derivedKey(this.#master16, 1000);
  }

  #search(matches: (ctr: Buffer) => boolean): boolean {
    let ctr = this.#ctr;
    for (let offset = 0; offset < 20; offset++) {
      const next = fold(hash(ctr));
      if (matches(ctr)) {
        this.#ctr = next;
        this.#count += offset + 1;
        return true;
      }
      ctr = next;
    }
    return false;
  }
}

function ok(responseObject: object): object {
  return { status: "OK", responseObject };
}

function membersOf(header: string): Record<string, string> {
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
}

function jwkOf(keys: Keys) {
  const point = keys.publicPoint;
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString("base64url"));
  const d = Buffer.concat([Buffer.alloc(32), keys.privateScalar])
    .subarray(-32)
    .toString("base64url");
  return createPrivateKey({ key: { kty: "EC", crv: "P-256", x: x!, y: y!, d }, format: "jwk" });
}

function newCode(): string {
  const random = randomBytes(10);
  let crc = 0;
  for (const byte of random) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  const bits = [...random, crc >>> 8, crc & 255].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = (bits.padEnd(100, "0").match(/.{5}/g) ?? []).map((five) => base32[Number.parseInt(five, 2)]).join("");
  return (letters.match(/.{5}/g) ?? []).join("-");
}
