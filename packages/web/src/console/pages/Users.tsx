import { Ask } from "../parts/Ask.tsx";
import { DeviceTable } from "../parts/DeviceTable.tsx";
import { Export } from "../parts/Export.tsx";
import { OperationTable } from "../parts/OperationTable.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { PageHead, Panel, SearchField, When } from "../parts/Pieces.tsx";
import { ListTable } from "../parts/Table.tsx";
import { get, may, send } from "../state/api.ts";
import { useList, useLoaded } from "../state/load.ts";
import { filter, route, to } from "../state/router.ts";
import type { Device, ListedOperation, User as UserShape } from "../state/shapes.ts";

export function Users() {
  const { prefix } = route.value.query;
  const list = useList<UserShape>("/users", { prefix }, ({ type }) => type.startsWith("activation."));
  return (
    <>
      <PageHead title="Users" lead="People, as far as the server knows them: by their devices.">
        <Export path="/users" query={{ prefix }} name="users" />
      </PageHead>
      <div class="filters" role="search" aria-label="Users">
        <SearchField label="Id begins with" value={prefix ?? ""} onValue={(value) => filter({ prefix: value })} />
      </div>
      <ListTable
        label="Users"
        list={list}
        rowKey={(user) => user.id}
        empty="No user has a device yet."
        columns={[
          {
            title: "User",
            cell: (user) => (
              <a class="table-link" href={to(["users", user.id])}>
                <strong>{user.id}</strong>
              </a>
            ),
          },
          { title: "Active", number: true, cell: (user) => user.activeDevices },
          { title: "Blocked", number: true, cell: (user) => user.blockedDevices },
          { title: "Others", number: true, wide: true, cell: (user) => user.otherDevices },
          { title: "Last used", wide: true, cell: (user) => <When at={user.lastUsedAt} /> },
        ]}
      />
    </>
  );
}

interface Approvals {
  readonly suspended: boolean;
  readonly until?: string;
  readonly cause?: string;
}

/** One person: devices of both kinds, operations, and whether they get any. */
export function User({ id }: { readonly id: string }) {
  const isDevice = ({ type }: { type: string }) => type.startsWith("activation.");
  const activations = useList<Device>("/activations", { userId: id }, isDevice);
  const containers = useList<Device>("/containers", { userId: id }, isDevice);
  const operations = useList<ListedOperation>("/operations", { userId: id }, ({ type }) =>
    type.startsWith("operation."),
  );
  const readApprovals = () => get<Approvals>(`/users/${encodeURIComponent(id)}/approvals`).catch(() => undefined);
  const { value: approvals, again } = useLoaded(readApprovals, id);
  return (
    <>
      <PageHead title={id} lead="User" back={{ address: to(["users"]), name: "Users" }} />
      {approvals?.suspended === true && (
        <Notice tone="warning" title="This user gets no transactions at present.">
          <p>
            {approvals.until === undefined ? (
              "Until somebody unblocks them."
            ) : (
              <>
                Until <When at={approvals.until} />.
              </>
            )}
          </p>
          {may("operate") && (
            <Ask
              action="Let them get transactions"
              title="Unblock this user?"
              text="Transactions reach the user’s devices again."
              perform={() => send("POST", `/users/${encodeURIComponent(id)}/approvals/unblock`)}
              onDone={again}
            />
          )}
        </Notice>
      )}
      <Panel title="Activations">
        <DeviceTable kind="activations" list={activations} />
      </Panel>
      {(containers.value?.length ?? 0) > 0 && (
        <Panel title="Containers">
          <DeviceTable kind="containers" list={containers} />
        </Panel>
      )}
      <Panel title="Operations">
        <OperationTable list={operations} />
      </Panel>
    </>
  );
}
