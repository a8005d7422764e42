import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Ask } from "../parts/Ask.tsx";
import { Export } from "../parts/Export.tsx";
import { Make, type Values } from "../parts/Make.tsx";
import { Code, Facts, PageHead, Panel, Status, When } from "../parts/Pieces.tsx";
import { ListTable, Table, Waiting } from "../parts/Table.tsx";
import { get, may, send, session } from "../state/api.ts";
import { useItems, useLoaded } from "../state/load.ts";
import { go, to } from "../state/router.ts";
import { Missing } from "./Operation.tsx";

interface Listed {
  readonly id: string;
  readonly roles: readonly string[];
}

interface Client {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly applications?: readonly string[];
  readonly createdAt: string;
}

export function Applications() {
  const list = useItems<Listed>("/applications");
  return (
    <>
      <PageHead title="Applications" lead="Apps of the bank, and the programs that use this server.">
        <Export path="/applications" query={{}} name="applications" />
        {may("admin") && (
          <Make
            action="New application"
            fields={[{ name: "id", label: "Id", hint: "As programs call it; it stays as it is." }]}
            perform={async ({ id }) => void (await send("POST", "/applications", { id }))}
            onDone={({ id = "" }) => go(to(["applications", id]))}
          />
        )}
      </PageHead>
      <Panel title="Applications">
        <ListTable
          label="Applications"
          list={list}
          rowKey={(one) => one.id}
          empty="There is no application yet."
          columns={[
            {
              title: "Application",
              cell: (one) =>
                may("admin") ? (
                  <a class="table-link" href={to(["applications", one.id])}>
                    <strong>{one.id}</strong>
                  </a>
                ) : (
                  <strong>{one.id}</strong>
                ),
            },
            { title: "Roles", cell: (one) => one.roles.join(", ") || <span class="soft">None</span> },
            {
              title: "Devices",
              wide: true,
              cell: (one) => <a href={to(["devices"], { applicationId: one.id })}>Show</a>,
            },
          ]}
        />
      </Panel>
      {may("admin") && session.value?.applications === undefined && <Clients />}
    </>
  );
}

const permissions = [
  ["relying-party", "Create operations and see its own"],
  ["operate", "Operate: block, unblock, remove, lists, history"],
  ["integrate", "Integrate: activations, templates, operations"],
  ["admin", "Everything except decide"],
] as const;

function Clients() {
  const list = useItems<Client>("/api-clients");
  const make = async ({ name, permission, application }: Values) => {
    const asked = { name, permissions: [permission], ...(application && { applications: [application] }) };
    const made = await send<{ clientId: string; clientSecret: string }>("POST", "/api-clients", asked);
    return { "Client id": made.clientId, Secret: made.clientSecret };
  };
  return (
    <Panel title="API clients">
      <div class="page-actions">
        <Export path="/api-clients" query={{}} name="api-clients" />
        <Make
          action="New API client"
          fields={[
            { name: "name", label: "Name" },
            { name: "permission", label: "May", options: permissions },
            { name: "application", label: "Only for the application", optional: true, hint: "All when empty." },
          ]}
          perform={make}
          onDone={list.again}
        />
      </div>
      <ListTable
        label="API clients"
        list={list}
        rowKey={(one) => one.id}
        columns={[
          {
            title: "Client",
            cell: (one) => (
              <span class="table-link">
                <strong>{one.name}</strong>
                <Code>{one.id}</Code>
              </span>
            ),
          },
          { title: "Permissions", wide: true, cell: (one) => one.permissions.join(", ") },
          { title: "Applications", wide: true, cell: (one) => one.applications?.join(", ") ?? "All" },
          { title: "Since", wide: true, cell: (one) => <When at={one.createdAt} /> },
          {
            title: "Action",
            cell: (one) =>
              one.id === session.value?.clientId ? (
                <span class="soft small">You</span>
              ) : (
                <Ask
                  action="Remove"
                  title={`Remove ${one.name}?`}
                  text="It is refused from its next request on, and its sessions end. This cannot be taken back."
                  danger
                  perform={() => send("DELETE", `/api-clients/${one.id}`)}
                  onDone={list.again}
                />
              ),
          },
        ]}
      />
    </Panel>
  );
}

interface Detail extends Listed {
  readonly minVersion: string;
  readonly masterPublicKey: string;
  readonly createdAt: string;
  readonly versions: readonly { readonly id: string; readonly applicationKey: string; readonly supported: boolean }[];
}

export function Application({ id }: { readonly id: string }) {
  const address = `/applications/${encodeURIComponent(id)}`;
  const { value, error, again } = useLoaded(() => get<Detail>(address), id);
  if (error !== undefined) return <Missing title={id} text={error} />;
  if (value === undefined) return <Waiting />;
  return (
    <>
      <PageHead title={id} lead="Application" back={{ address: to(["applications"]), name: "Applications" }}>
        <Make
          action="New version"
          fields={[{ name: "version", label: "Name", hint: "A build of the app has its own key and secret." }]}
          perform={async ({ version }) => void (await send("POST", `${address}/versions`, { id: version }))}
          onDone={again}
        />
      </PageHead>
      <Panel title="Details">
        <Facts
          facts={[
            ["Roles", value.roles.join(", ") || "None"],
            ["Lowest protocol version", value.minVersion],
            ["Master public key", <Code whole>{value.masterPublicKey}</Code>],
            ["Created", <When at={value.createdAt} />],
          ]}
        />
      </Panel>
      <Panel title="Versions">
        <Table
          label="Versions"
          rows={value.versions}
          rowKey={(one) => one.id}
          columns={[
            { title: "Version", cell: (one) => <strong>{one.id}</strong> },
            { title: "Application key", wide: true, cell: (one) => <Code whole>{one.applicationKey}</Code> },
            { title: "State", cell: (one) => <Status of={one.supported ? "ACTIVE" : "UNSUPPORTED"} /> },
            {
              title: "Action",
              cell: (one) => {
                const verb = one.supported ? "unsupport" : "support";
                return (
                  <Ask
                    action={one.supported ? "Stop supporting" : "Support again"}
                    title={one.supported ? "Stop supporting this version?" : "Support this version again?"}
                    text={
                      one.supported
                        ? "Apps of this version are refused from now on, until it is supported again."
                        : "Apps of this version are served again."
                    }
                    perform={() => send("POST", `${address}/versions/${encodeURIComponent(one.id)}/${verb}`)}
                    onDone={again}
                  />
                );
              },
            },
          ]}
        />
      </Panel>
    </>
  );
}

/** Shown where the address leads nowhere. */
export function Nowhere() {
  return (
    <>
      <PageHead title="Nothing here" />
      <Notice>
        This address leads to no page.{" "}
        <Button look="plain" onClick={() => (globalThis.location.hash = to([]))}>
          Go to the overview
        </Button>
      </Notice>
    </>
  );
}
