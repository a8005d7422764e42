import { Export } from "../parts/Export.tsx";
import { OperationTable } from "../parts/OperationTable.tsx";
import { Choice, PageHead, SearchField } from "../parts/Pieces.tsx";
import { plain } from "../parts/words.ts";
import { useList } from "../state/load.ts";
import { filter, route } from "../state/router.ts";
import { type ListedOperation, operationStatuses } from "../state/shapes.ts";

export function Operations() {
  const { status, userId, externalId, template } = route.value.query;
  const query = { status, userId, externalId, template };
  const list = useList<ListedOperation>("/operations", query, ({ type }) => type.startsWith("operation."));
  return (
    <>
      <PageHead
        title="Operations"
        lead="What people are asked to approve, newest first. This list keeps itself up to date."
      >
        <Export path="/operations" query={query} name="operations" />
      </PageHead>
      <div class="filters" role="search" aria-label="Operations">
        <Choice
          label="Status"
          value={status ?? ""}
          options={[["", "Any"], ...operationStatuses.map((one) => [one, plain(one)] as const)]}
          onValue={(value) => filter({ status: value })}
        />
        <SearchField label="User" value={userId ?? ""} onValue={(value) => filter({ userId: value })} />
        <SearchField label="External id" value={externalId ?? ""} onValue={(value) => filter({ externalId: value })} />
        <SearchField label="Template" value={template ?? ""} onValue={(value) => filter({ template: value })} />
      </div>
      <OperationTable list={list} />
    </>
  );
}
