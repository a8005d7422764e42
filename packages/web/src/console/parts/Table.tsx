/** A dense table that stays a table: on a phone its less important columns are left out. */
import type { ComponentChildren } from "preact";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { LoadedList } from "../state/load.ts";
import "../styles/table.css";

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ComponentChildren;
  /** From a desktop's width on only. */
  readonly wide?: true;
  readonly number?: true;
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly empty?: string;
}

export function Table<T>({ label, columns, rows, rowKey, empty = "Nothing here." }: TableProps<T>) {
  if (rows.length === 0) return <p class="table-empty soft">{empty}</p>;
  return (
    <div class="table-frame" role="group" aria-label={label} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map(({ title, wide, number }) => (
              <th key={title} scope="col" class={classes(wide, number)}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ title, cell, wide, number }) => (
                <td key={title} class={classes(wide, number)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classes(wide: true | undefined, number: true | undefined): string {
  return `${wide ? "wide" : ""} ${number ? "number" : ""}`.trim();
}

/** A list as it is loaded: waiting, refused, or a table with more to come. */
export function ListTable<T>({ list, ...table }: Omit<TableProps<T>, "rows"> & { readonly list: LoadedList<T> }) {
  const { value, error, more, again } = list;
  if (error !== undefined) {
    return (
      <Notice tone="danger" title="This cannot be shown." live>
        {error}{" "}
        <Button look="plain" onClick={again}>
          Try again
        </Button>
      </Notice>
    );
  }
  if (value === undefined) return <Waiting />;
  return (
    <>
      <Table {...table} rows={value} />
      {more !== undefined && (
        <div class="table-more">
          <Button look="second" onClick={more}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}

export function Waiting() {
  return (
    <div class="waiting" role="status">
      <span class="waiting-bar" />
      <span class="waiting-bar" />
      <span class="waiting-bar" />
      <span class="unseen">Loading</span>
    </div>
  );
}
