import type { LoadedList } from "../state/load.ts";
import { to } from "../state/router.ts";
import type { ListedOperation } from "../state/shapes.ts";
import { Code, Status, When } from "./Pieces.tsx";
import { type Column, ListTable } from "./Table.tsx";
import { plain } from "./words.ts";

const columns: readonly Column<ListedOperation>[] = [
  {
    title: "Operation",
    cell: (row) => (
      <a class="table-link" href={to(["operations", row.id])}>
        <strong>{plain(row.operationType)}</strong>
        <Code>{row.id}</Code>
      </a>
    ),
  },
  { title: "Status", cell: (row) => <Status of={row.status} /> },
  {
    title: "User",
    cell: (row) =>
      row.userId === undefined ? (
        <span class="soft">nobody yet</span>
      ) : (
        <a href={to(["users", row.userId])}>{row.userId}</a>
      ),
  },
  { title: "Parameters", wide: true, cell: (row) => <span class="one-line">{parameterText(row)}</span> },
  { title: "Applications", wide: true, cell: (row) => row.applications.join(", ") },
  { title: "Created", wide: true, cell: (row) => <When at={row.createdAt} /> },
];

export function OperationTable({ list }: { readonly list: LoadedList<ListedOperation> }) {
  return (
    <ListTable
      label="Operations"
      list={list}
      columns={columns}
      rowKey={(row) => row.id}
      empty="No operation is like this."
    />
  );
}

function parameterText({ parameters }: ListedOperation): string {
  const { amount, currency, ...others } = parameters;
  const rest = Object.values(others);
  return [...(amount === undefined ? [] : [`${amount} ${currency ?? ""}`.trim()]), ...rest].join(" · ");
}
