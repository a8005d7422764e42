/** Takes a list out as a file, as it is filtered: CSV for a spreadsheet, JSON for a program. */
import { useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { getAll, type Query } from "../state/api.ts";
import { textOf } from "../state/load.ts";
import { csv } from "./csv.ts";

const most = 10_000;

export interface ExportProps {
  readonly path: string;
  readonly query: Query;
  /** First part of the file's name. */
  readonly name: string;
}

export function Export({ path, query, name }: ExportProps) {
  const [busy, setBusy] = useState<"csv" | "json">();
  const [told, setTold] = useState("");
  const take = async (kind: "csv" | "json") => {
    setBusy(kind);
    setTold("");
    try {
      const items = await getAll<Readonly<Record<string, unknown>>>(path, query, most);
      const text = kind === "csv" ? csv(items) : `${JSON.stringify(items, undefined, 2)}\n`;
      save(`${name}.${kind}`, text, kind === "csv" ? "text/csv" : "application/json");
      setTold(`${items.length} exported${items.length === most ? ", the newest only" : ""}.`);
    } catch (error) {
      setTold(textOf(error));
    }
    setBusy(undefined);
  };
  return (
    <div class="export">
      <span class="small soft" role="status">
        {told}
      </span>
      {(["csv", "json"] as const).map((kind) => (
        <Button key={kind} look="second" busy={busy === kind} onClick={() => void take(kind)}>
          {busy !== kind && <Icon name="download" size={16} />}
          {kind.toUpperCase()}
          <span class="unseen"> export</span>
        </Button>
      ))}
    </div>
  );
}

function save(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
