import { Button } from "../../design/components/Button.tsx";
import { ColumnChart, type Column, PartsChart } from "../parts/Chart.tsx";
import { PageHead, Panel } from "../parts/Pieces.tsx";
import { OperationTable } from "../parts/OperationTable.tsx";
import { Waiting } from "../parts/Table.tsx";
import { number, plain } from "../parts/words.ts";
import { Notice } from "../../design/components/Notice.tsx";
import { get, may } from "../state/api.ts";
import { useList, useLoaded } from "../state/load.ts";
import { filter, route, to } from "../state/router.ts";
import type { ListedOperation, OperationStatus, Statistics } from "../state/shapes.ts";

const hour = 3_600_000;
const ranges = {
  hour: { title: "Hour", step: "minute", stepMs: 60_000, steps: 60 },
  day: { title: "Day", step: "hour", stepMs: hour, steps: 24 },
  week: { title: "Week", step: "hour", stepMs: hour, steps: 168 },
  month: { title: "30 days", step: "day", stepMs: 24 * hour, steps: 30 },
} as const;
type RangeName = keyof typeof ranges;

const series: readonly { readonly status: OperationStatus; readonly tone: string }[] = [
  { status: "APPROVED", tone: "good" },
  { status: "REJECTED", tone: "danger" },
  { status: "FAILED", tone: "dark" },
  { status: "EXPIRED", tone: "warning" },
  { status: "CANCELED", tone: "quiet" },
  { status: "PENDING", tone: "info" },
];

/** How approvals are going: now, and over time. */
export function Overview() {
  const named = route.value.query.range ?? "day";
  const name: RangeName = named in ranges ? (named as RangeName) : "day";
  return (
    <>
      <PageHead title="Overview" lead="How approvals are going, by the time operations were created.">
        <div class="segments" role="group" aria-label="Range">
          {Object.entries(ranges).map(([key, { title }]) => (
            <Button
              key={key}
              look={key === name ? "main" : "plain"}
              aria-pressed={key === name}
              onClick={() => filter({ range: key })}
            >
              {title}
            </Button>
          ))}
        </div>
      </PageHead>
      {may("operate") ? <Figures key={name} name={name} /> : <Notice>Statistics need the permission “operate”.</Notice>}
    </>
  );
}

function Figures({ name }: { readonly name: RangeName }) {
  const { step, stepMs, steps } = ranges[name];
  const isAboutOperations = ({ type }: { type: string }) => type.startsWith("operation.");
  const read = async () => {
    const until = Math.ceil((Date.now() + 1) / stepMs) * stepMs;
    const from = until - steps * stepMs;
    const found = await get<Statistics>("/statistics", {
      from: new Date(from).toISOString(),
      to: new Date(until).toISOString(),
      step,
    });
    return { from, found };
  };
  const { value, error } = useLoaded(read, name, isAboutOperations);
  const newest = useList<ListedOperation>("/operations", {}, isAboutOperations);
  if (error !== undefined) return <Notice tone="danger">{error}</Notice>;
  if (value === undefined) return <Waiting />;
  const { from, found } = value;
  const total = (status: OperationStatus) => found.steps.reduce((sum, one) => sum + (one.statuses[status] ?? 0), 0);
  const [approved, rejected] = [total("APPROVED"), total("REJECTED")];
  const lost = total("FAILED") + total("EXPIRED");
  const all = series.reduce((sum, { status }) => sum + total(status), 0);
  const failures = found.steps.reduce((sum, one) => sum + one.failedAttempts, 0);
  return (
    <>
      <ul class="tiles">
        <Tile name="Waiting now" value={found.pending} address={to(["operations"], { status: "PENDING" })} />
        <Tile name="Created" value={all} />
        <Tile name="Approved" value={approved} note={share(approved, approved + rejected)} tone="good" />
        <Tile name="Rejected" value={rejected} note={share(rejected, approved + rejected)} tone="danger" />
        <Tile name="Failed or expired" value={lost} note={share(lost, all)} tone="warning" />
        <Tile name="Failed tries" value={failures} />
      </ul>
      <Panel title="Decisions over time">
        <ColumnChart
          label="Operations by what became of them, over time"
          series={series.map(({ status, tone }) => ({ name: plain(status), tone }))}
          columns={columnsOf(found, from, name)}
        />
      </Panel>
      <div class="halves">
        <Panel title="Time to a decision">
          <PartsChart
            label="Operations a person decided, by how long it took"
            tone="brand"
            empty="Nobody has decided anything in this time."
            parts={found.latency.map(({ upToSeconds, count }, at) => ({
              name: latencyName(found.latency[at - 1]?.upToSeconds, upToSeconds),
              count,
            }))}
          />
        </Panel>
        <Panel title="What stood in the way">
          <PartsChart
            label="Tries that came to nothing, by their reason"
            tone="danger"
            empty="No try to decide has failed in this time."
            parts={found.failures.map(({ outcome, count }) => ({ name: plain(outcome), count }))}
          />
        </Panel>
      </div>
      <Panel title="Newest operations">
        <OperationTable list={{ ...newest, value: newest.value?.slice(0, 8), more: undefined }} />
      </Panel>
    </>
  );
}

function Tile({
  name,
  value,
  note,
  tone,
  address,
}: {
  readonly name: string;
  readonly value: number;
  readonly note?: string | undefined;
  readonly tone?: string;
  readonly address?: string;
}) {
  return (
    <li class={`tile${tone === undefined ? "" : ` tile-${tone}`}`}>
      <span class="tile-name">{address === undefined ? name : <a href={address}>{name}</a>}</span>
      <strong class="tile-value">{number(value)}</strong>
      <span class="tile-note">{note ?? "\u00a0"}</span>
    </li>
  );
}

function share(part: number, all: number): string | undefined {
  return all === 0 ? undefined : `${Math.round((part / all) * 100)} %`;
}

function latencyName(from: number | undefined, upTo: number | undefined): string {
  const said = (seconds: number) => (seconds < 60 ? `${seconds} s` : `${seconds / 60} min`);
  if (upTo === undefined) return `over ${said(from ?? 0)}`;
  return from === undefined ? `up to ${said(upTo)}` : `${said(from)} – ${said(upTo)}`;
}

function columnsOf({ steps }: Statistics, from: number, name: RangeName): Column[] {
  const { stepMs, steps: count } = ranges[name];
  const found = new Map(steps.map((one) => [Date.parse(one.at), one]));
  const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const short = new Intl.DateTimeFormat(
    "en-GB",
    name === "hour" || name === "day" ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" },
  );
  return Array.from({ length: count }, (_, at) => {
    const time = from + at * stepMs;
    const statuses = found.get(time)?.statuses ?? {};
    return {
      name: whole.format(time),
      short: short.format(time),
      values: series.map(({ status }) => statuses[status] ?? 0),
    };
  });
}
