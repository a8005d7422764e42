/** The keys of an application's configuration: one row for each, with the shape of its values. */
import { type Static, type TSchema, Type } from "typebox";

const text = (most: number) => Type.String({ minLength: 1, maxLength: most, pattern: "^[^\\u0000\\ud800-\\udfff]*$" });
const name = text(255);
/** Where it may lead is checked when it is called; a password in it would end up in logs. */
const address = Type.String({ maxLength: 2000, pattern: "^https?://[^/@\\s]+(/\\S*)?$" });

/** Asymmetric only: with a shared secret, whoever may read the configuration could vouch for anybody. */
// oxfmt-ignore
const algorithms = [
  "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
] as const;

/** An OpenID provider. Addresses that are not given are those its issuer publishes. */
const oauth2Provider = Type.Object(
  {
    providerId: name,
    clientId: text(1000),
    clientSecret: text(4000),
    issuerUri: address,
    redirectUri: text(2000),
    scopes: Type.Optional(text(1000)),
    authorizeUri: Type.Optional(address),
    tokenUri: Type.Optional(address),
    jwkSetUri: Type.Optional(address),
    /** Another spelling of `jwkSetUri`. */
    jwksUri: Type.Optional(address),
    /** Kept for front servers; nothing here calls it. */
    userInfoUri: Type.Optional(address),
    pkceEnabled: Type.Optional(Type.Boolean()),
    /** Default RS256. No other is accepted. */
    signatureAlgorithm: Type.Optional(Type.Enum([...algorithms])),
    /** Default client_secret_basic. */
    clientAuthenticationMethod: Type.Optional(Type.Enum(["client_secret_basic", "client_secret_post"])),
  },
  { additionalProperties: false },
);

/** Where the bank says who an app's user is, from credentials of the bank's own. */
const customActivation = Type.Object(
  {
    url: address,
    /** 32 bytes or more, Base64: key of the signature of each request. */
    signingSecret: Type.String({ minLength: 44, maxLength: 1000, pattern: "^[A-Za-z0-9+/]+={0,2}$" }),
  },
  { additionalProperties: false },
);

const activationTransfer = Type.Object(
  {
    allowedTargetApplicationIds: Type.Array(name, { minItems: 1, maxItems: 100 }),
    type: Type.Enum(["SPAWN", "MOVE"]),
    initialFlags: Type.Optional(Type.Array(name, { maxItems: 100 })),
  },
  { additionalProperties: false },
);

const userInfoStages = [
  "USER_INFO_ENDPOINT",
  "ACTIVATION_PROCESS_ACTIVATION_CODE",
  "ACTIVATION_PROCESS_CUSTOM",
] as const;

/** What a device may be told of its user, and when. */
const userInfo = Type.Object(
  {
    provider: Type.Enum(["MINIMAL", "REST"]),
    /** Base address of a REST provider. */
    url: Type.Optional(address),
    httpBasic: Type.Optional(
      Type.Object({ username: text(1000), password: text(4000) }, { additionalProperties: false }),
    ),
    /** Default: the endpoint only. */
    stages: Type.Optional(Type.Array(Type.Enum([...userInfoStages]), { maxItems: userInfoStages.length })),
  },
  { additionalProperties: false },
);

export type OAuth2Provider = Static<typeof oauth2Provider>;
export type CustomActivation = Static<typeof customActivation>;
export type ActivationTransfer = Static<typeof activationTransfer>;
export type UserInfoSetting = Static<typeof userInfo>;
export type UserInfoStage = (typeof userInfoStages)[number];

export interface ConfigurationValues {
  oauth2_providers: OAuth2Provider;
  custom_activation: CustomActivation;
  activation_transfer: ActivationTransfer;
  user_info: UserInfoSetting;
}

export type ConfigurationKey = keyof ConfigurationValues;

interface Row<T> {
  /** Of each value. */
  readonly schema: TSchema;
  /** What is wrong with the values together. */
  readonly rule: (values: readonly T[]) => string | undefined;
}

const distinct = (names: readonly string[]) => new Set(names).size === names.length;
const one = (values: readonly unknown[]) => (values.length === 1 ? undefined : "one only");

export const configurationKeys: { readonly [K in ConfigurationKey]: Row<ConfigurationValues[K]> } = {
  oauth2_providers: {
    schema: oauth2Provider,
    rule: (values) => (distinct(values.map((value) => value.providerId)) ? undefined : "providerId - twice"),
  },
  custom_activation: { schema: customActivation, rule: one },
  activation_transfer: {
    schema: activationTransfer,
    rule: (values) =>
      distinct(values.flatMap((value) => value.allowedTargetApplicationIds)) ? undefined : "an application - twice",
  },
  user_info: {
    schema: userInfo,
    rule: (values) => (values[0]?.provider === "REST" && values[0].url === undefined ? "url - required" : one(values)),
  },
};
