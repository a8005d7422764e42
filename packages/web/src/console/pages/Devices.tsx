import { type DeviceKind, DeviceTable } from "../parts/DeviceTable.tsx";
import { Export } from "../parts/Export.tsx";
import { Choice, PageHead, SearchField } from "../parts/Pieces.tsx";
import { plain } from "../parts/words.ts";
import { useList } from "../state/load.ts";
import { filter, route } from "../state/router.ts";
import type { Device } from "../state/shapes.ts";

const kinds = {
  activations: {
    title: "Activations",
    lead: "Mobile Token apps on people’s devices.",
    statuses: ["CREATED", "PENDING_COMMIT", "ACTIVE", "BLOCKED", "REMOVED"],
  },
  containers: {
    title: "Containers",
    lead: "Approve devices of people, with their keys.",
    statuses: ["ACTIVE", "BLOCKED", "REMOVED"],
  },
} as const;

export function Devices({ kind }: { readonly kind: DeviceKind }) {
  const { status, userId, applicationId } = route.value.query;
  const query = { status, userId, applicationId };
  const { title, lead, statuses } = kinds[kind];
  const list = useList<Device>(`/${kind}`, query, ({ type }) => type.startsWith("activation."));
  return (
    <>
      <PageHead title={title} lead={lead}>
        <Export path={`/${kind}`} query={query} name={kind} />
      </PageHead>
      <div class="filters" role="search" aria-label={title}>
        <Choice
          label="Status"
          value={status ?? ""}
          options={[["", "Any"], ...statuses.map((one) => [one, plain(one)] as const)]}
          onValue={(value) => filter({ status: value })}
        />
        <SearchField
          label="Application"
          value={applicationId ?? ""}
          onValue={(value) => filter({ applicationId: value })}
        />
        <SearchField label="User" value={userId ?? ""} onValue={(value) => filter({ userId: value })} />
      </div>
      <DeviceTable kind={kind} list={list} />
    </>
  );
}
