import { Notice } from "../../design/components/Notice.tsx";
import { Ask } from "../parts/Ask.tsx";
import { Code, type Fact, Facts, PageHead, Panel, Status, When } from "../parts/Pieces.tsx";
import { Waiting } from "../parts/Table.tsx";
import { Timeline, type TimelineItem } from "../parts/Timeline.tsx";
import { factors, plain, span } from "../parts/words.ts";
import { get, getAll, may, send } from "../state/api.ts";
import { useLoaded } from "../state/load.ts";
import { to } from "../state/router.ts";
import type { AuditEntry, Operation as OperationShape } from "../state/shapes.ts";

/** One operation: what it is at this moment, and everything that happened to it. */
export function Operation({ id }: { readonly id: string }) {
  const { value, error, again } = useLoaded(
    () => read(id),
    id,
    ({ subject }) => subject === id,
  );
  if (error !== undefined) return <Missing title="Operation" text={error} />;
  if (value === undefined) return <Waiting />;
  const { operation, entries } = value;
  const { status } = operation;
  return (
    <>
      <PageHead
        title={plain(operation.operationType)}
        lead={
          <>
            <Status of={status} /> <Code whole>{id}</Code>
          </>
        }
        back={{ address: to(["operations"]), name: "Operations" }}
      >
        {status === "PENDING" && may("relying-party") && (
          <Ask
            action="Cancel operation"
            title="Cancel this operation?"
            text="Nobody can approve it any more. This cannot be taken back."
            danger
            perform={() => send("POST", `/operations/${id}/cancel`, {})}
            onDone={again}
          />
        )}
      </PageHead>
      <div class="halves halves-wide">
        <Panel title="What is approved">
          <Facts
            facts={[
              ...Object.entries(operation.parameters).map(([name, text]) => [plain(name), text] as const),
              ["Signed data", <Code whole>{operation.data}</Code>],
            ]}
          />
        </Panel>
        <Panel title="Details">
          <Facts facts={factsOf(operation)} />
        </Panel>
      </div>
      <Panel title="Timeline">
        <Timeline items={itemsOf(operation, entries)} />
      </Panel>
    </>
  );
}

export function Missing({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <>
      <PageHead title={title} />
      <Notice tone="warning">{text}</Notice>
    </>
  );
}

async function read(id: string): Promise<{ operation: OperationShape; entries: readonly AuditEntry[] }> {
  const address = encodeURIComponent(id);
  const [operation, entries] = await Promise.all([
    get<OperationShape>(`/operations/${address}`),
    may("operate", "admin") ? getAll<AuditEntry>("/audit", { subject: id }, 500) : [],
  ]);
  return { operation, entries };
}

function factsOf(one: OperationShape): Fact[] {
  const taken = one.finalizedAt === undefined ? undefined : Date.parse(one.finalizedAt) - Date.parse(one.createdAt);
  return [
    ["User", one.userId === undefined ? "Nobody yet" : <a href={to(["users", one.userId])}>{one.userId}</a>],
    ["Applications", one.applications.join(", ")],
    ["Template", <a href={to(["templates", one.template])}>{one.template}</a>],
    ["External id", one.externalId],
    ["Device", one.activationId && <a href={to(["devices", one.activationId])}>{one.activationId}</a>],
    ["Factors", factors(one.signatureTypes)],
    ["Failed tries", `${one.failureCount} of ${one.maxFailureCount}`],
    ["Proximity check", one.proximityCheck ? "Asked for" : undefined],
    ["Reason", one.statusReason],
    ["Created", <When at={one.createdAt} />],
    ["Expires", <When at={one.expiresAt} />],
    ["Decided after", taken === undefined ? undefined : span(taken)],
  ];
}

/** From the audit, where it may be read; the operation's own tries and decisions otherwise. */
function itemsOf(operation: OperationShape, entries: readonly AuditEntry[]): TimelineItem[] {
  if (entries.length > 0) {
    return entries
      .map((entry) => ({
        at: entry.at,
        title: plain(entry.type),
        tone: toneOf(entry.type),
        facts: Object.entries(entry.data ?? {})
          .filter(([name, value]) => told.has(name) && value !== null && value !== 0 && value !== "DISABLED")
          .map(([name, value]) => [plain(name), textOf(value)] as const),
        mark:
          entry.integrity === "intact"
            ? entry.covered
              ? "Signed for by a checkpoint"
              : "Intact"
            : plain(entry.integrity),
      }))
      .toReversed();
  }
  const tries = operation.attempts.map((one) => ({
    at: one.at,
    title: `${plain(one.action)}: ${plain(one.outcome)}`,
    tone: one.outcome === "decided" ? "good" : "danger",
    facts: one.activationId === undefined ? [] : [["Device", one.activationId] as const],
  }));
  return [{ at: operation.createdAt, title: "Operation created", tone: "info", facts: [] }, ...tries];
}

/** Of an event's data, what an operator looks for; the audit has all of it. */
const told = new Set(["by", "reason", "statusReason", "failureCount", "proximityCheckResult"]);

function textOf(value: unknown): string {
  // Combinations of factors are written like this in the audit.
  if (typeof value === "string") return value.startsWith("possession") ? value.replaceAll("_", " + ") : value;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return Object.values(value)
    .filter((one) => one !== null && one !== "")
    .map(textOf)
    .join(", ");
}

function toneOf(type: string): string {
  if (type.endsWith(".approved")) return "good";
  if (/\.(rejected|failed)$/.test(type)) return "danger";
  return /\.(expired|canceled)$/.test(type) ? "warning" : "info";
}
