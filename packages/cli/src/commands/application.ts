/** `countersign application`: the apps whose users approve. */
import type { Command } from "commander";
import { backOffice } from "../back-office.ts";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { facts, type Result, table } from "../terminal.ts";

export interface ApplicationDetail {
  readonly applicationId: string;
  readonly masterPublicKey: string;
  readonly applicationRoles: readonly string[];
  readonly versions: readonly {
    readonly applicationVersionId: string;
    readonly applicationKey: string;
    readonly applicationSecret: string;
    /** What an app build is configured with. */
    readonly mobileSdkConfig: string;
    readonly supported: boolean;
  }[];
}

interface ApplicationList {
  readonly applications: readonly { readonly applicationId: string; readonly applicationRoles?: readonly string[] }[];
}

export function applicationCommands(program: Command, context: Context): void {
  const group = groupOf(program, "application", "apps whose users approve");
  const api = (options: ConnectionOptions) => backOffice(connectionOf(context.terminal, options));

  const create = withConnection(group.command("create").description("add an app with its first version")).argument(
    "<id>",
    "its name here, for good",
  );
  returns<ConnectionOptions>(context, create, async (options, id = "") => {
    const call = api(options);
    await call("/application/create", { applicationId: id });
    return shown(await call<ApplicationDetail>("/application/detail", { applicationId: id }));
  });

  const list = withConnection(group.command("list").description("all apps"));
  returns<ConnectionOptions>(context, list, async (options) => {
    const answer = await api(options)<ApplicationList>("/application/list");
    const rows = answer.applications.map(({ applicationId, applicationRoles = [] }) => [
      applicationId,
      applicationRoles.join(" "),
    ]);
    return { json: answer, text: table(["APPLICATION", "ROLES"], rows) };
  });

  const show = withConnection(group.command("show").description("versions and keys of an app, for its build")).argument(
    "<id>",
  );
  returns<ConnectionOptions>(context, show, async (options, id = "") =>
    shown(await api(options)<ApplicationDetail>("/application/detail", { applicationId: id })),
  );

  for (const [name, description, done] of [
    ["add-version", "give the next builds of an app a key of their own", "create"],
    ["unsupport", "switch a version off: its builds are refused", "unsupport"],
    ["support", "switch a version on again", "support"],
  ] as const) {
    const change = withConnection(group.command(name).description(description)).argument("<id>").argument("<version>");
    returns<ConnectionOptions>(context, change, async (options, id = "", version = "") => {
      const call = api(options);
      await call(`/application/version/${done}`, { applicationId: id, applicationVersionId: version });
      return shown(await call<ApplicationDetail>("/application/detail", { applicationId: id }));
    });
  }
}

function shown(application: ApplicationDetail): Result {
  const versions = application.versions.map((version) =>
    [
      `version ${version.applicationVersionId}${version.supported ? "" : " (no longer supported)"}`,
      facts([
        ["key", version.applicationKey],
        ["secret", version.applicationSecret],
        ["configuration", version.mobileSdkConfig],
      ]),
    ].join("\n"),
  );
  const head = facts(
    [
      ["application", application.applicationId],
      ["roles", application.applicationRoles.join(" ")],
    ],
    "",
  );
  return { json: application, text: [head, ...versions].join("\n") };
}
