/** `countersign client`: relying parties that speak OpenID. Programs that use the private API are `api-client`s. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../../connection.ts";
import { Failure } from "../../failure.ts";
import { readJsonFile } from "../../json-file.ts";
import { listed } from "../../options.ts";
import { facts, type Result, table } from "../../terminal.ts";
import { v1 } from "../../v1.ts";

interface OidcClient {
  readonly client_id: string;
  readonly client_name: string;
  readonly client_secret?: string;
  readonly countersign: { readonly applications: readonly string[]; readonly template?: string };
  readonly token_endpoint_auth_method?: string;
  readonly backchannel_token_delivery_mode?: string;
  readonly backchannel_client_notification_endpoint?: string;
  readonly authorization_details_types?: readonly string[];
}

interface CreateOptions extends ConnectionOptions {
  readonly application: readonly string[];
  readonly template?: string;
  readonly details?: readonly string[];
  readonly ping?: string;
  readonly push?: string;
  readonly jwks?: string;
  readonly metadata?: string;
}

export function clientCommands(program: Command, context: Context): void {
  const group = groupOf(program, "client", "relying parties that speak OpenID");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));
  const place = (id: string) => `/oidc-clients/${encodeURIComponent(id)}`;

  const create = leaf("create", "register one; its secret, where it has one, is shown this once")
    .argument("<name>")
    .requiredOption("--application <id>", "whose devices are asked, repeatable", listed)
    .option("--template <name>", "of operations, where neither details nor scope name one")
    .option("--details <type>", "authorization details it may ask for, repeatable", listed)
    .option("--ping <address>", "tell it there that a result waits; without, it asks by itself")
    .option("--push <address>", "send results there")
    .option("--jwks <file>", "its public keys: it authenticates by private_key_jwt, without a secret")
    .option("--metadata <file>", "JSON: further OpenID client metadata; - for standard input");
  returns<CreateOptions>(context, create, async (options, name = "") =>
    shown(await api(options).call<OidcClient>("POST", "/oidc-clients", metadataOf(name, options))),
  );

  const list = leaf("list", "all of them, without their secrets");
  returns<ConnectionOptions>(context, list, async (options) => {
    const { items } = await api(options).call<{ items: readonly OidcClient[] }>("GET", "/oidc-clients");
    const rows = items.map((one) => [
      one.client_id,
      one.client_name,
      one.countersign.applications.join(" "),
      one.backchannel_token_delivery_mode ?? "poll",
    ]);
    return { json: items, text: table(["CLIENT", "NAME", "APPLICATIONS", "RESULTS BY"], rows) };
  });

  const show = leaf("show", "one of them, without its secret").argument("<id>");
  returns<ConnectionOptions>(context, show, async (options, id = "") =>
    shown(await api(options).call<OidcClient>("GET", place(id))),
  );

  const remove = leaf("remove", "end it at once: nobody knows it any more").argument("<id>");
  returns<ConnectionOptions>(context, remove, async (options, id = "") => {
    await api(options).call("DELETE", place(id));
    return { json: { client_id: id, removed: true }, text: `Client ${id} is removed.` };
  });
}

function metadataOf(name: string, options: CreateOptions): object {
  const { application: applications, template, details, ping, push, jwks, metadata } = options;
  if (ping !== undefined && push !== undefined) {
    throw new Failure("usage", "usage", "--ping and --push: results come one way.");
  }
  const { countersign, ...more } = metadata === undefined ? {} : objectIn(metadata);
  const address = ping ?? push;
  return {
    ...more,
    client_name: name,
    countersign: { ...(countersign as object), applications, ...(template !== undefined && { template }) },
    ...(details !== undefined && { authorization_details_types: details }),
    ...(address !== undefined && {
      backchannel_token_delivery_mode: ping === undefined ? "push" : "ping",
      backchannel_client_notification_endpoint: address,
    }),
    ...(jwks !== undefined && { token_endpoint_auth_method: "private_key_jwt", jwks: readJsonFile(jwks) }),
  };
}

function objectIn(file: string): Readonly<Record<string, unknown>> {
  const value = readJsonFile(file);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Failure("usage", "usage", `${file} is not a JSON object.`);
}

function shown(client: OidcClient): Result {
  const { countersign, client_secret: secret } = client;
  const rows = [
    ["client id", client.client_id],
    ["secret", secret === undefined ? undefined : `${secret}  (shown only now)`],
    ["name", client.client_name],
    ["applications", countersign.applications.join(" ")],
    ["template", countersign.template],
    ["details", client.authorization_details_types?.join(" ")],
    ["authenticates", client.token_endpoint_auth_method ?? "client_secret_basic"],
    ["results by", client.backchannel_token_delivery_mode ?? "poll"],
    ["sent to", client.backchannel_client_notification_endpoint],
  ] as const;
  return { json: client, text: facts(rows, "") };
}
