import { Ask } from "../parts/Ask.tsx";
import type { DeviceKind } from "../parts/DeviceTable.tsx";
import { Code, type Fact, Facts, PageHead, Panel, Status, When } from "../parts/Pieces.tsx";
import { Table, Waiting } from "../parts/Table.tsx";
import { Timeline } from "../parts/Timeline.tsx";
import { plain } from "../parts/words.ts";
import { get, getAll, may, send, session } from "../state/api.ts";
import { useLoaded } from "../state/load.ts";
import { go, to } from "../state/router.ts";
import type { AuditEntry, DeviceDetail } from "../state/shapes.ts";
import { Missing } from "./Operation.tsx";

/** One device of a person, of either kind: what it is, what can be done about it, what happened to it. */
export function Device({ kind, id }: { readonly kind: DeviceKind; readonly id: string }) {
  const { value, error, again } = useLoaded(
    () => read(kind, id),
    `${kind} ${id}`,
    ({ subject }) => subject === id,
  );
  const noun = kind === "containers" ? "container" : "activation";
  if (error !== undefined) return <Missing title={plain(noun)} text={error} />;
  if (value === undefined) return <Waiting />;
  const { device, entries } = value;
  const path = `/${kind}/${encodeURIComponent(id)}`;
  const by = session.value?.name;
  const mayChange = may("operate", "integrate") && device.status !== "REMOVED";
  return (
    <>
      <PageHead
        title={device.name ?? device.platform ?? "Unnamed device"}
        lead={
          <>
            <Status of={device.status} /> <Code whole>{id}</Code>
          </>
        }
        back={{ address: to([kind === "containers" ? "containers" : "devices"]), name: `${plain(noun)}s` }}
      >
        {mayChange && device.status === "ACTIVE" && (
          <Ask
            action="Block"
            title={`Block this ${noun}?`}
            text="It can approve nothing until it is unblocked. Its live updates end at once."
            line="Reason"
            perform={(reason) => send("POST", `${path}/block`, { by, ...(reason !== "" && { reason }) })}
            onDone={again}
          />
        )}
        {mayChange && device.status === "BLOCKED" && (
          <Ask
            action="Unblock"
            title={`Unblock this ${noun}?`}
            text="It can approve again, and all its tries are given back."
            perform={() => send("POST", `${path}/unblock`, { by })}
            onDone={again}
          />
        )}
        {mayChange && (
          <Ask
            action="Remove"
            title={`Remove this ${noun}?`}
            text="Its keys are worth nothing from then on. This cannot be taken back: the person has to set the device up again."
            danger
            perform={() => send("DELETE", path)}
            onDone={() => go(to(["users", device.userId]))}
          />
        )}
      </PageHead>
      <div class="halves halves-wide">
        <Panel title="Device">
          <Facts facts={factsOf(device)} />
        </Panel>
        <Panel title={device.keys === undefined ? "Settings" : "Keys"}>
          {device.keys === undefined ? (
            <Facts
              facts={[
                ["Flags", device.flags?.length ? device.flags.join(", ") : "None"],
                ["Fingerprint", device.fingerprint && <Code whole>{device.fingerprint}</Code>],
                ["Failed tries", `${device.failedAttempts} of ${device.maxFailedAttempts ?? "?"}`],
              ]}
            />
          ) : (
            <Table
              label="Keys"
              rows={device.keys}
              rowKey={(key) => key.kid}
              columns={[
                { title: "Use", cell: (key) => key.use },
                { title: "Key", cell: (key) => <Code>{key.kid}</Code> },
                { title: "Policy", cell: (key) => key.policy },
                { title: "State", cell: (key) => <Status of={key.state} /> },
              ]}
            />
          )}
        </Panel>
      </div>
      <Panel title="Timeline">
        <Timeline
          items={entries
            .map(({ at, type, data, covered, integrity }) => ({
              at,
              title: plain(type),
              tone: /blocked$|removed$|failed$/.test(type) ? "danger" : "info",
              facts: Object.entries(data ?? {})
                .filter(([name]) => /^(reason|externalUserId|clientId|name|platform)$/.test(name))
                .map(([name, text]) => [plain(name), String(text)] as const),
              mark: integrity === "intact" ? (covered ? "Signed for by a checkpoint" : "Intact") : plain(integrity),
            }))
            .toReversed()}
        />
      </Panel>
    </>
  );
}

async function read(kind: DeviceKind, id: string): Promise<{ device: DeviceDetail; entries: readonly AuditEntry[] }> {
  const [device, entries] = await Promise.all([
    get<DeviceDetail>(`/${kind}/${encodeURIComponent(id)}`),
    may("operate", "admin") ? getAll<AuditEntry>("/audit", { subject: id }, 200) : [],
  ]);
  return { device, entries };
}

function factsOf(device: DeviceDetail): Fact[] {
  return [
    ["User", <a href={to(["users", device.userId])}>{device.userId}</a>],
    ["Application", device.applicationId],
    ["Platform", device.platform],
    ["Model", device.deviceInfo],
    ["Device type", device.deviceType],
    ["Blocked for", device.blockedReason && plain(device.blockedReason)],
    ["Created", <When at={device.createdAt} />],
    ["Last used", <When at={device.lastUsedAt} />],
  ];
}
