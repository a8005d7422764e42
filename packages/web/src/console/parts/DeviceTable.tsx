import type { LoadedList } from "../state/load.ts";
import { to } from "../state/router.ts";
import type { Device } from "../state/shapes.ts";
import { Code, Status, When } from "./Pieces.tsx";
import { type Column, ListTable } from "./Table.tsx";

export type DeviceKind = "activations" | "containers";

export function DeviceTable({ kind, list }: { readonly kind: DeviceKind; readonly list: LoadedList<Device> }) {
  const columns: readonly Column<Device>[] = [
    {
      title: "Device",
      cell: (row) => (
        <a class="table-link" href={to([kind === "containers" ? "containers" : "devices", row.id])}>
          <strong>{row.name ?? row.platform ?? "Unnamed device"}</strong>
          <Code>{row.id}</Code>
        </a>
      ),
    },
    { title: "Status", cell: (row) => <Status of={row.status} /> },
    { title: "User", cell: (row) => <a href={to(["users", row.userId])}>{row.userId}</a> },
    { title: "Application", wide: true, cell: (row) => row.applicationId },
    { title: "Platform", wide: true, cell: (row) => row.platform ?? "" },
    { title: "Failed tries", wide: true, number: true, cell: (row) => row.failedAttempts },
    { title: "Last used", wide: true, cell: (row) => <When at={row.lastUsedAt} /> },
  ];
  return (
    <ListTable
      label={kind === "containers" ? "Containers" : "Activations"}
      list={list}
      columns={columns}
      rowKey={(row) => row.id}
      empty="No device is like this."
    />
  );
}
