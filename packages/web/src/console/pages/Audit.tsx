import { Notice } from "../../design/components/Notice.tsx";
import { Export } from "../parts/Export.tsx";
import { Code, PageHead, SearchField, Status, When } from "../parts/Pieces.tsx";
import { ListTable } from "../parts/Table.tsx";
import { plain } from "../parts/words.ts";
import { useList } from "../state/load.ts";
import { filter, route, to } from "../state/router.ts";
import type { AuditEntry } from "../state/shapes.ts";

/** What was recorded, each entry checked against its hash, and whether a signed checkpoint vouches for it. */
export function Audit() {
  const { subject, type, from, to: until } = route.value.query;
  const query = { subject, type, from: utcDay(from), to: utcDay(until) };
  const list = useList<AuditEntry>("/audit", query, () => true);
  const changed = list.value?.filter((one) => one.integrity === "changed").length ?? 0;
  const waiting = list.value?.filter((one) => !one.covered).length ?? 0;
  return (
    <>
      <PageHead title="Audit" lead="Everything that was recorded, newest first, each entry checked as it is read.">
        <Export path="/audit" query={query} name="audit" />
      </PageHead>
      {changed > 0 ? (
        <Notice tone="danger" title={`${changed} of these entries are not what was recorded.`} live>
          Stop changing the data, and run <span class="code">countersign audit verify</span>.
        </Notice>
      ) : (
        <Notice tone={list.value === undefined ? "info" : "good"} title="What is shown here is as it was recorded.">
          {waiting === 0
            ? "Signed checkpoints vouch for all of it."
            : `${waiting} of ${list.value?.length ?? 0} entries wait for the next signed checkpoint.`}{" "}
          The whole chain is verified by <span class="code">countersign audit verify</span>, which needs no server.
        </Notice>
      )}
      <div class="filters" role="search" aria-label="Audit">
        <SearchField label="About (id)" value={subject ?? ""} onValue={(value) => filter({ subject: value })} />
        <SearchField label="Event" value={type ?? ""} onValue={(value) => filter({ type: value })} />
        <DayField label="From" value={from ?? ""} onValue={(value) => filter({ from: value })} />
        <DayField label="Before" value={until ?? ""} onValue={(value) => filter({ to: value })} />
      </div>
      <ListTable
        label="Audit"
        list={list}
        rowKey={(entry) => entry.id}
        empty="Nothing was recorded that is like this."
        columns={[
          {
            title: "Event",
            cell: (entry) => (
              <span class="table-link">
                <strong>{plain(entry.type)}</strong>
                <a href={to(["search"], { q: entry.subject })}>
                  <Code>{entry.subject}</Code>
                </a>
              </span>
            ),
          },
          { title: "Integrity", cell: (entry) => <Status of={entry.integrity} /> },
          {
            title: "Checkpoint",
            wide: true,
            cell: (entry) => (entry.covered ? "Signed" : <span class="soft">Waiting</span>),
          },
          { title: "When", cell: (entry) => <When at={entry.at} /> },
          {
            title: "Place",
            wide: true,
            cell: (entry) => <Code whole>{`${entry.lane.slice(-6)} / ${entry.seq}`}</Code>,
          },
          {
            title: "Data",
            wide: true,
            cell: (entry) =>
              entry.data === undefined ? null : (
                <details class="table-more-data">
                  <summary>Show</summary>
                  <pre>{JSON.stringify(entry.data, undefined, 2)}</pre>
                </details>
              ),
          },
        ]}
      />
    </>
  );
}

function DayField({
  label,
  value,
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  return (
    <label class="filter">
      <span>{label}</span>
      <input type="date" value={value} onChange={(event) => onValue(event.currentTarget.value)} />
    </label>
  );
}

/** A day of the operator's clock as an instant in UTC. */
function utcDay(day: string | undefined): string | undefined {
  const at = day === undefined || day === "" ? Number.NaN : new Date(`${day}T00:00:00`).getTime();
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
