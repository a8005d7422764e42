import { Missing } from "./Operation.tsx";
import { factors } from "../parts/words.ts";
import { Code, Facts, PageHead, Panel } from "../parts/Pieces.tsx";
import { ListTable, Waiting } from "../parts/Table.tsx";
import { get } from "../state/api.ts";
import { useItems, useLoaded } from "../state/load.ts";
import { to } from "../state/router.ts";
import type { DisplayTemplate, Template as TemplateShape } from "../state/shapes.ts";
import { LivePreview } from "./LivePreview.tsx";

export function Templates() {
  const list = useItems<TemplateShape>("/templates");
  return (
    <>
      <PageHead title="Templates" lead="How operations are made, and how people see them on their phones." />
      <ListTable
        label="Templates"
        list={list}
        rowKey={(one) => one.name}
        empty="There is no template yet."
        columns={[
          {
            title: "Template",
            cell: (one) => (
              <a class="table-link" href={to(["templates", one.name])}>
                <strong>{one.name}</strong>
                <span class="soft small">{one.operationType}</span>
              </a>
            ),
          },
          { title: "Signed data", wide: true, cell: (one) => <Code whole>{one.dataTemplate}</Code> },
          { title: "Factors", wide: true, cell: (one) => factors(one.signatureTypes) },
          { title: "Tries", number: true, cell: (one) => one.maxFailureCount },
          { title: "Lifetime", number: true, cell: (one) => `${one.expirationSeconds} s` },
        ]}
      />
    </>
  );
}

export function Template({ name }: { readonly name: string }) {
  const { value, error } = useLoaded(() => read(name), name);
  if (error !== undefined) return <Missing title={name} text={error} />;
  if (value === undefined) return <Waiting />;
  const { template, displays } = value;
  return (
    <>
      <PageHead title={name} lead="Template" back={{ address: to(["templates"]), name: "Templates" }} />
      <Panel title="How operations are made">
        <Facts
          facts={[
            ["Type", template.operationType],
            ["Signed data", <Code whole>{template.dataTemplate}</Code>],
            ["Factors", factors(template.signatureTypes)],
            ["Tries", template.maxFailureCount],
            ["Lifetime", `${template.expirationSeconds} s`],
            ["Risk flags", template.riskFlags],
            ["Proximity check", template.proximityCheck ? "Asked for" : undefined],
          ]}
        />
      </Panel>
      <LivePreview template={template} displays={displays} />
    </>
  );
}

async function read(name: string) {
  const template = await get<TemplateShape>(`/templates/${encodeURIComponent(name)}`);
  const { operationType } = template;
  const { items } = await get<{ items: readonly DisplayTemplate[] }>("/display-templates", { operationType });
  return { template, displays: items };
}
