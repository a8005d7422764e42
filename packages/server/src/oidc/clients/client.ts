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
    introspects: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255, format: "uri" }), {
        maxItems: 16,
        description: "Resources that it serves: it may introspect tokens for them, whoever they were given to",
      }),
    ),
    compatibility: Type.Optional(
      Type.Object(
        {
          policies: Type.Record(Type.String({ pattern: "^[\\x21-\\x7e]{1,64}$" }), name, {
            maxProperties: 32,
            description: "`authpol` → template",
          }),
        },
        {
          additionalProperties: false,
          description:
            "Takes the request forms of an existing service: unsigned hint tokens, JSON bodies, `ciba_delete`",
        },
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

/** Of a client as the provider has it. */
export function settingsOf(client: object): ClientSettings {
  const { countersign } = client as { readonly countersign?: ClientSettings };
  if (countersign === undefined) throw new Error("A client has no settings");
  return countersign;
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

/** Asks for a pending request to be given up; see `backchannel/cancel.ts`. */
export const cancelGrant = "urn:countersign:params:grant-type:ciba-cancel";
/** The same by the name that an existing service has for it. */
export const compatibleCancelGrant = "ciba_delete";
export const cibaGrant = "urn:openid:params:grant-type:ciba";

/** Our name for the true mode, beside the one that the provider is told. */
export const deliveryMember = "countersign_delivery";

/**
 * As the provider is told: it knows no push, asks the same of a request as for ping, and leaves the telling to us
 * either way. Whoever may start a request may give it up.
 */
export function registered(metadata: ClientMetadata): ClientMetadata {
  const mode = deliveryOf(metadata);
  const { grant_types: grants = [cibaGrant] } = metadata as { readonly grant_types?: unknown };
  const added = metadata.countersign.compatibility === undefined ? [cancelGrant] : [cancelGrant, compatibleCancelGrant];
  return {
    ...metadata,
    ...(Array.isArray(grants) && grants.includes(cibaGrant) && { grant_types: [...new Set([...grants, ...added])] }),
    backchannel_token_delivery_mode: mode === "push" ? "ping" : mode,
    [deliveryMember]: mode,
  };
}

/** The true mode of a client as the provider has it. */
export function deliveryTold(client: object): "poll" | "ping" | "push" {
  const { countersignDelivery: camel, [deliveryMember]: plain } = client as Record<string, unknown>;
  return deliveryOf({ backchannel_token_delivery_mode: plain ?? camel });
}

/** Tokens that are sent cannot be bound to a key that nobody proved (CIBA §10.3, FAPI-CIBA §5.2.2). */
export function pushDefect(metadata: ClientMetadata): string | undefined {
  if (deliveryOf(metadata) !== "push") return undefined;
  if (metadata.countersign.profile !== undefined) return "backchannel_token_delivery_mode - no push under this profile";
  const bound = ["dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"].find(
    (one) => metadata[one] === true,
  );
  return bound === undefined ? undefined : `${bound} - not with push`;
}

/** Members of the metadata that are sealed. */
export const secretMembers = ["client_secret"] as const;
