import { Ask } from "../parts/Ask.tsx";
import { Export } from "../parts/Export.tsx";
import { Make, type MakeField, type Values } from "../parts/Make.tsx";
import { Missing } from "./Operation.tsx";
import { factors } from "../parts/words.ts";
import { Code, Facts, PageHead, Panel } from "../parts/Pieces.tsx";
import { ListTable, Waiting } from "../parts/Table.tsx";
import { get, send } from "../state/api.ts";
import { useItems, useLoaded } from "../state/load.ts";
import { go, to } from "../state/router.ts";
import type { DisplayTemplate, Template as TemplateShape } from "../state/shapes.ts";
import { LivePreview } from "./LivePreview.tsx";

export function Templates() {
  const list = useItems<TemplateShape>("/templates");
  return (
    <>
      <PageHead title="Templates" lead="How operations are made, and how people see them on their phones.">
        <Export path="/templates" query={{}} name="templates" />
        <Make
          action="New template"
          fields={[{ name: "name", label: "Name" }, ...fieldsOf()]}
          perform={async ({ name = "", ...more }) =>
            void (await send("POST", "/templates", { name, ...contentOf(more) }))
          }
          onDone={({ name = "" }) => go(to(["templates", name]))}
        />
      </PageHead>
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
  const { value, error, again } = useLoaded(() => read(name), name);
  if (error !== undefined) return <Missing title={name} text={error} />;
  if (value === undefined) return <Waiting />;
  const { template, displays } = value;
  const path = `/templates/${encodeURIComponent(name)}`;
  return (
    <>
      <PageHead title={name} lead="Template" back={{ address: to(["templates"]), name: "Templates" }}>
        <Make
          action="Change"
          fields={fieldsOf(template)}
          perform={async (values) => void (await send("PUT", path, { ...kept(template), ...contentOf(values) }))}
          onDone={again}
        />
        <Ask
          action="Remove"
          title={`Remove ${name}?`}
          text="No operation is made from it any more. Those that were made stay as they are."
          danger
          perform={() => send("DELETE", path)}
          onDone={() => go(to(["templates"]))}
        />
      </PageHead>
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
      <LivePreview key={template.operationType} template={template} displays={displays} onSaved={again} />
    </>
  );
}

const factorChoices = [
  ["POSSESSION_KNOWLEDGE,POSSESSION_BIOMETRY", "PIN or biometry"],
  ["POSSESSION_KNOWLEDGE", "PIN"],
  ["POSSESSION", "The device alone"],
] as const;

function fieldsOf(template?: TemplateShape): readonly MakeField[] {
  const own = template?.signatureTypes.join(",") ?? factorChoices[0][0];
  const isListed = factorChoices.some(([value]) => value === own);
  const choices = isListed ? factorChoices : [[own, factors(own.split(","))] as const, ...factorChoices];
  return [
    { name: "operationType", label: "Type", value: template?.operationType ?? "" },
    {
      name: "dataTemplate",
      label: "Signed data",
      value: template?.dataTemplate ?? "A1*A${amount}${currency}*I${iban}**N${note}",
      hint: "A place for each parameter, such as ${amount}.",
    },
    { name: "signatureTypes", label: "Factors", value: own, options: choices },
    { name: "maxFailureCount", label: "Tries", value: String(template?.maxFailureCount ?? 5) },
    { name: "expirationSeconds", label: "Lifetime (s)", value: String(template?.expirationSeconds ?? 300) },
    { name: "riskFlags", label: "Risk flags", value: template?.riskFlags ?? "", optional: true },
    {
      name: "proximityCheck",
      label: "Proximity check",
      value: template?.proximityCheck === true ? "yes" : "no",
      options: [
        ["no", "Not asked for"],
        ["yes", "Asked for"],
      ],
    },
  ];
}

/** What is typed wrong is refused by the server, with the name of the field. */
function contentOf({
  signatureTypes = "",
  maxFailureCount,
  expirationSeconds,
  riskFlags,
  proximityCheck,
  ...texts
}: Values) {
  return {
    ...texts,
    signatureTypes: signatureTypes.split(","),
    maxFailureCount: Number(maxFailureCount),
    expirationSeconds: Number(expirationSeconds),
    ...(riskFlags && { riskFlags }),
    proximityCheck: proximityCheck === "yes",
  };
}

/** What this form does not show stays as it was. */
function kept({ approval }: TemplateShape) {
  return approval === undefined ? {} : { approval };
}

async function read(name: string) {
  const template = await get<TemplateShape>(`/templates/${encodeURIComponent(name)}`);
  const { operationType } = template;
  const { items } = await get<{ items: readonly DisplayTemplate[] }>("/display-templates", { operationType });
  return { template, displays: items };
}
