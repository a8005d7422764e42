import { PageHead, Panel } from "../parts/Pieces.tsx";
import { Waiting } from "../parts/Table.tsx";
import { get, type Page } from "../state/api.ts";
import { useLoaded } from "../state/load.ts";
import { to } from "../state/router.ts";

interface Hit {
  readonly kind: string;
  readonly name: string;
  readonly note: string;
  readonly address: string;
}

type Named = { readonly id: string; readonly userId?: string; readonly status?: string; readonly name?: string };

/** Everything that has this id, or belongs to the user of this name. */
export function Search({ q }: { readonly q: string }) {
  const { value } = useLoaded(() => find(q), q);
  return (
    <>
      <PageHead
        title={q === "" ? "Search" : `“${q}”`}
        lead="By id of an operation, a device or a user, or by external id."
      />
      {value === undefined ? (
        <Waiting />
      ) : (
        <Panel title={value.length === 1 ? "1 found" : `${value.length} found`}>
          <ul class="hits">
            {value.map((one) => (
              <li key={one.address}>
                <a href={one.address}>
                  <span class="soft small">{one.kind}</span>
                  <strong>{one.name}</strong>
                  <span class="soft small">{one.note}</span>
                </a>
              </li>
            ))}
          </ul>
          {value.length === 0 && <p class="soft">Nothing has this id or name, or nothing that you may see.</p>}
        </Panel>
      )}
    </>
  );
}

async function find(q: string): Promise<readonly Hit[]> {
  if (q === "") return [];
  const id = encodeURIComponent(q);
  const none = { items: [] as Named[] };
  const isUuid = /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(q);
  const byId = (path: string) => (isUuid ? get<Named>(path).catch(() => undefined) : undefined);
  const page = (path: string, query: Record<string, string>) => get<Page<Named>>(path, query).catch(() => none);
  const [operation, activation, container, external, users] = await Promise.all([
    byId(`/operations/${id}`),
    byId(`/activations/${id}`),
    byId(`/containers/${id}`),
    page("/operations", { externalId: q, limit: "20" }),
    page("/users", { prefix: q, limit: "20" }),
  ]);
  const device = container === undefined ? activation : undefined;
  return [
    ...[operation, ...external.items].flatMap((found) => (found ? [hit("Operation", "operations", found)] : [])),
    ...(device ? [hit("Activation", "devices", device)] : []),
    ...(container ? [hit("Container", "containers", container)] : []),
    ...users.items.map((user) => ({ kind: "User", name: user.id, note: "", address: to(["users", user.id]) })),
  ];
}

function hit(kind: string, place: string, { id, userId = "", status = "" }: Named): Hit {
  return { kind, name: id, note: [status.toLowerCase(), userId].filter(Boolean).join(" · "), address: to([place, id]) };
}
