/** `countersign device-type`: which Approve devices may enrol, and how their keys are protected. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../../connection.ts";
import { readJsonFile } from "../../json-file.ts";
import { facts, type Result, table } from "../../terminal.ts";
import { v1 } from "../../v1.ts";

interface DeviceType {
  readonly id: string;
  readonly applicationId: string;
  readonly maxDevices: number;
  readonly policies: Readonly<Record<string, { readonly type: string; readonly lock: { readonly type: string } }>>;
  readonly keyPolicies: Readonly<Record<string, string>>;
  readonly keyDays: number;
  readonly countermeasures: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, unknown>>;
  readonly defaultClient: string | null;
}

interface SetOptions extends ConnectionOptions {
  readonly application?: string;
  readonly file?: string;
}

export function deviceTypeCommands(program: Command, context: Context): void {
  const group = groupOf(program, "device-type", "which Approve devices may enrol, and how their keys are protected");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));
  const path = (id: string) => `/device-types/${encodeURIComponent(id)}`;

  const set = leaf("set", "add it, or take the place of the one that is there")
    .argument("<id>")
    .option("--application <id>", "app on the devices; may stand in the file")
    .option("--file <file>", "JSON: what differs from the defaults; - for standard input");
  returns<SetOptions>(context, set, async (options, id = "") => {
    const { application: applicationId, file } = options;
    const content = file === undefined ? {} : readJsonFile(file);
    const body = { ...content, ...(applicationId !== undefined && { applicationId }) };
    return shown(await api(options).call<DeviceType>("PUT", path(id), body));
  });

  const list = leaf("list", "all of them");
  returns<ConnectionOptions>(context, list, async (options) => {
    const { items } = await api(options).call<{ items: readonly DeviceType[] }>("GET", "/device-types");
    const rows = items.map((one) => [one.id, one.applicationId, one.maxDevices === 0 ? "any" : one.maxDevices]);
    return { json: items, text: table(["DEVICE TYPE", "APPLICATION", "DEVICES A USER"], rows) };
  });

  const show = leaf("show", "one of them").argument("<id>");
  returns<ConnectionOptions>(context, show, async (options, id = "") =>
    shown(await api(options).call<DeviceType>("GET", path(id))),
  );

  const remove = leaf("remove", "take it away, while no offer or device is of it").argument("<id>");
  returns<ConnectionOptions>(context, remove, async (options, id = "") => {
    await api(options).call("DELETE", path(id));
    return { json: { id, removed: true }, text: `Device type ${id} is removed.` };
  });
}

function shown(one: DeviceType): Result {
  const keys = Object.entries(one.keyPolicies).map(([use, policy]) => `${use} (${policy})`);
  const features = Object.entries(one.features).filter(([, on]) => on === true);
  const text = facts(
    [
      ["device type", one.id],
      ["application", one.applicationId],
      ["devices a user", one.maxDevices === 0 ? "any number" : one.maxDevices],
      ...Object.entries(one.policies).map(
        ([id, { type, lock }]) => [`policy ${id}`, `${type}, lock ${lock.type}`] as const,
      ),
      ["keys", keys.join(", ")],
      ["keys last", one.keyDays === 0 ? "for ever" : `${one.keyDays} days`],
      ["features", features.map(([name]) => name).join(" ") || "none"],
      ["default client", one.defaultClient],
      ...Object.entries(one.countermeasures),
    ],
    "",
  );
  return { json: one, text };
}
