/**
 * A relying party that speaks OpenID: its registered metadata (OpenID Connect Registration 1.0, CIBA §4), and under
 * `countersign` what we need to know beside them.
 */
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

const name = Type.String({ minLength: 1, maxLength: 255 });

export const clientSettings = Type.Object(
  {
    applications: Type.Array(name, {
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      description: "Whose devices are asked",
    }),
    template: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: "Of operations, where neither details nor scope name one",
      }),
    ),
    scopeTemplates: Type.Optional(
      Type.Record(Type.String({ pattern: "^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,64}$" }), name, {
        maxProperties: 32,
        description: "Scope → template",
      }),
    ),
    resources: Type.Optional(
      Type.Array(
        Type.Object(
          {
            uri: Type.String({ minLength: 1, maxLength: 255, format: "uri" }),
            scopes: Type.Optional(Type.Array(name, { maxItems: 64 })),
            token: Type.Optional(Type.Enum(["opaque", "jwt"])),
          },
          { additionalProperties: false },
        ),
        { maxItems: 16, description: "Resource servers it may ask tokens for (RFC 8707); the first is the default" },
      ),
    ),
    profile: Type.Optional(
      Type.Enum(["fapi-ciba", "fapi2"], { description: "Holds every request against this profile" }),
    ),
  },
  { additionalProperties: false },
);

export type ClientSettings = Static<typeof clientSettings>;

const checked = Compile(clientSettings);

/** Undefined for what is none. */
export function readClientSettings(value: unknown): ClientSettings | undefined {
  return checked.Check(value) ? value : undefined;
}

/** Registered metadata, names as in the registry of OAuth parameters. */
export type ClientMetadata = Readonly<Record<string, unknown>> & {
  readonly client_id: string;
  readonly client_name: string;
  readonly countersign: ClientSettings;
};

/** How the client learns of a result (CIBA §5). */
export function deliveryOf(metadata: Pick<ClientMetadata, string>): "poll" | "ping" | "push" {
  const { backchannel_token_delivery_mode: mode } = metadata;
  return mode === "ping" || mode === "push" ? mode : "poll";
}

/**
 * As the provider is told: it knows no push, asks the same of a request as for ping, and leaves the telling to us
 * either way.
 */
export function registered(metadata: ClientMetadata): ClientMetadata {
  const mode = deliveryOf(metadata);
  return { ...metadata, backchannel_token_delivery_mode: mode === "push" ? "ping" : mode };
}

/** Members of the metadata that are sealed. */
export const secretMembers = ["client_secret"] as const;
