/** Every setting of the server: default, unit, meaning. Read from flags and the environment in `main.ts` only. */
import { Type, type Static } from "typebox";
import { permissions } from "./accounts/api-client.ts";

const seconds = (value: number, description: string) =>
  Type.Integer({ default: value, minimum: 1, description: `${description} (s)` });

const rule = Type.Object(
  {
    claim: Type.String({ minLength: 1, maxLength: 255, description: "Of the ID token: a text or a list of texts" }),
    value: Type.String({ minLength: 1, maxLength: 255, description: "That it is, or has among its texts" }),
    permissions: Type.Array(Type.Enum([...permissions]), { minItems: 1, description: "As of an API client" }),
    applications: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { description: "Every application when absent" }),
    ),
  },
  { additionalProperties: false },
);

/** Anywhere by TLS, and on this machine without. */
const webAddress = (rest: string) =>
  `^(https://[A-Za-z0-9.:\\[\\]-]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)${rest}$`;

const consoleOpenId = Type.Object(
  {
    name: Type.String({
      default: "OpenID Connect",
      minLength: 1,
      maxLength: 64,
      description: "On the console's button",
    }),
    issuer: Type.String({
      pattern: webAddress("(/[^?#\\s]*)?"),
      maxLength: 255,
      description: "Of the OpenID provider at which operators log in; itself, it may have a private address",
    }),
    clientId: Type.String({ minLength: 1, maxLength: 255, description: "Of this server at that provider" }),
    clientSecret: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: "COUNTERSIGN_CONSOLE_OPENID_SECRET, or the file that COUNTERSIGN_CONSOLE_OPENID_SECRET_FILE names",
    }),
    clientAuthentication: Type.Enum(["client_secret_basic", "client_secret_post"], {
      default: "client_secret_basic",
      description: "How it shows its secret",
    }),
    algorithm: Type.Enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], {
      default: "RS256",
      description: "Of the signature of ID tokens; no other is good",
    }),
    scopes: Type.String({
      default: "openid",
      pattern: "^(.* )?openid( .*)?$",
      maxLength: 1024,
      description: "Asked for",
    }),
    consoleUrl: Type.Optional(
      Type.String({
        pattern: webAddress(""),
        description: "Origin at which browsers reach the private listener, when it is not the listener's own address",
      }),
    ),
    rules: Type.Array(rule, {
      minItems: 1,
      maxItems: 100,
      description:
        "Whom an operator is to this server; the first that fits decides, and where none does nobody gets in",
    }),
  },
  { additionalProperties: false },
);

export type ConsoleOpenId = Static<typeof consoleOpenId>;

export const configSchema = Type.Object(
  {
    tenant: Type.String({ default: "default", minLength: 1, description: "First part of every unique key" }),
    host: Type.String({ default: "127.0.0.1", description: "Address of the public listener" }),
    port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65535,
      description: "Port of the public listener, 0 for any",
    }),
    privateHost: Type.String({ default: "127.0.0.1", description: "Address of the private listener" }),
    privatePort: Type.Integer({
      default: 8081,
      minimum: 0,
      maximum: 65535,
      description: "Port of the private listener, 0 for any",
    }),
    allowWidePrivate: Type.Boolean({
      default: false,
      description: "Lets the private listener bind beyond loopback without TLS",
    }),
    basePath: Type.String({
      default: "/enrollment-server",
      pattern: "^(/[A-Za-z0-9_.-]+)*$",
      description: "Prefix of /pa and /api on the public listener",
    }),
    publicUrl: Type.Optional(Type.String({ description: "Issuer and base of public links; fixed at first start" })),
    allowedOrigins: Type.Array(Type.String({ pattern: "^[a-z][a-z0-9+.-]*://[a-z0-9.:\\[\\]-]+$" }), {
      default: [],
      description: "Origins of web applications that may use what is made for devices, such as https://bank.example",
    }),
    authenticatorApplication: Type.Optional(
      Type.String({ description: "Application whose codes may be typed into the authenticator of this server" }),
    ),
    trustedProxies: Type.Array(Type.String(), {
      default: [],
      description: "Addresses whose X-Forwarded-For is believed",
    }),
    clientCertificateHeader: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9-]{1,64}$",
        description: "Header in which a trusted proxy passes on the client's TLS certificate",
      }),
    ),
    clientCertificateVerifiedHeader: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9-]{1,64}$",
        description:
          "Header in which it says SUCCESS where it verified the certificate's chain; without it only certificates that are registered themselves are good",
      }),
    ),
    lookAhead: Type.Integer({
      default: 20,
      minimum: 1,
      maximum: 64,
      description: "Counter values tried for one signature",
    }),
    maxFailedAttempts: Type.Integer({
      default: 5,
      minimum: 1,
      maximum: 64,
      description: "Wrong factors until an activation is blocked",
    }),
    activationSeconds: seconds(300, "Time from init to the end of the activation"),
    temporaryKeySeconds: seconds(300, "Validity of a temporary encryption key"),
    envelopeSeconds: seconds(60, "Oldest and youngest accepted timestamp of an encrypted request"),
    tokenSeconds: seconds(7200, "Oldest accepted timestamp of a token digest"),
    tokenSkewSeconds: seconds(1800, "How far ahead a token timestamp may be"),
    idempotencySeconds: seconds(7 * 86_400, "How long an idempotency key is kept"),
    checkpointSeconds: seconds(60, "Interval of signed audit checkpoints"),
    auditRetentionDays: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 36_500,
      description: "How long audit events are kept, 0 for ever (days)",
    }),
    sweepSeconds: seconds(5, "Interval of expiring and cleaning up"),
    vaultByBiometry: Type.Boolean({ default: false, description: "Lets biometry unlock the vault" }),
    bodyBytes: Type.Integer({ default: 1_048_576, minimum: 1024, description: "Largest request body" }),
    refusalsPerMinute: Type.Integer({
      default: 600,
      minimum: 1,
      description: "Unproven requests per client address and minute before 429",
    }),
    backchannelPerUser: Type.Integer({
      default: 10,
      minimum: 1,
      description: "CIBA requests that may wait for one user, and that may be started for one within a minute",
    }),
    liveSeconds: Type.Integer({
      default: 900,
      minimum: 1,
      maximum: 900,
      description: "Longest life of a device's stream of live updates (s)",
    }),
    liveStreams: Type.Integer({ default: 10_000, minimum: 1, description: "Streams of live updates open at once" }),
    outboundAllow: Type.Array(Type.String(), {
      default: [],
      description: "Private address ranges (CIDR) that may be called",
    }),
    consoleOpenId: Type.Optional(consoleOpenId),
  },
  { additionalProperties: false },
);

export type Config = Static<typeof configSchema>;
