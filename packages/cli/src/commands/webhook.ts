/** `countersign webhook`: who is told what happens, what became of it, and sending it again. */
import { type Command, Option } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { listed } from "../options.ts";
import { privateApi } from "../private-api.ts";
import { facts, table } from "../terminal.ts";

interface Webhook {
  readonly id: string;
  readonly applicationId: string;
  readonly name: string;
  readonly url: string;
  readonly enabled: boolean;
}

interface Delivery {
  readonly id: string;
  readonly event: { readonly type: string; readonly at: string };
  readonly state: string;
  readonly attempts: number;
  readonly lastFailure?: string;
}

interface CreateOptions extends ConnectionOptions {
  readonly application: string;
  readonly to: string;
  readonly secevent?: boolean;
}

interface DeliveriesOptions extends ConnectionOptions {
  readonly state?: string;
}

interface ReplayOptions extends ConnectionOptions {
  readonly delivery?: readonly string[];
}

export function webhookCommands(program: Command, context: Context): void {
  const group = groupOf(program, "webhook", "who is told what happens to operations and activations");
  const api = (options: ConnectionOptions) => privateApi(connectionOf(context.terminal, options));
  const place = (id: string) => `/webhooks/${encodeURIComponent(id)}`;

  const create = withConnection(group.command("create").description("have events of an application sent to an address"))
    .argument("<name>")
    .requiredOption("--application <id>", "whose events")
    .requiredOption("--to <address>", "where they are sent")
    .option("--secevent", "only countermeasures, as security event tokens (RFC 8417)");
  returns<CreateOptions>(context, create, async (options, name = "") => {
    const { application: applicationId, to: url } = options;
    const made = await api(options)<Webhook & { signingSecret: string }>("POST", "/webhooks", {
      applicationId,
      name,
      url,
      ...(options.secevent === true && { form: "secevent" }),
    });
    const rows = [
      ["webhook", made.id],
      ["name", made.name],
      ["application", made.applicationId],
      ["address", made.url],
      ["secret", `${made.signingSecret}  (shown only now)`],
    ] as const;
    return { json: made, text: facts(rows, "") };
  });

  const list = withConnection(group.command("list").description("all webhooks"));
  returns<ConnectionOptions>(context, list, async (options) => {
    const { items } = await api(options)<{ items: readonly Webhook[] }>("GET", "/webhooks");
    const rows = items.map(({ id, applicationId, name, url, enabled }) => [
      id,
      applicationId,
      name,
      url,
      enabled ? "on" : "off",
    ]);
    return { json: items, text: table(["ID", "APPLICATION", "NAME", "ADDRESS", "STATE"], rows) };
  });

  const remove = withConnection(
    group.command("remove").description("send nothing any more; what waits for it is dropped"),
  ).argument("<id>");
  returns<ConnectionOptions>(context, remove, async (options, id = "") => {
    await api(options)("DELETE", place(id));
    return { json: { id, removed: true }, text: `removed ${id}` };
  });

  const deliveries = withConnection(group.command("deliveries").description("what became of its last events"))
    .argument("<id>")
    .addOption(new Option("--state <state>", "only those").choices(["pending", "done", "dead"]));
  returns<DeliveriesOptions>(context, deliveries, async (options, id = "") => {
    const query = options.state === undefined ? "" : `&state=${options.state.toUpperCase()}`;
    const path = `${place(id)}/deliveries?limit=200${query}`;
    const { items } = await api(options)<{ items: readonly Delivery[] }>("GET", path);
    const rows = items.map((one) => [
      one.id,
      one.event.type,
      one.event.at,
      one.state.toLowerCase(),
      one.attempts,
      one.lastFailure ?? "",
    ]);
    return { json: items, text: table(["ID", "EVENT", "AT", "STATE", "TRIES", "LAST FAILURE"], rows) };
  });

  const replay = withConnection(group.command("replay").description("send again what could not be delivered"))
    .argument("<id>")
    .option("--delivery <id>", "only this one, repeatable", listed);
  returns<ReplayOptions>(context, replay, async (options, id = "") => {
    const { delivery } = options;
    const body = delivery === undefined ? {} : { deliveries: delivery };
    const answer = await api(options)<{ replayed: number }>("POST", `${place(id)}/replay`, body);
    return { json: answer, text: `replayed ${answer.replayed}` };
  });
}
