import { useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Make, type Values } from "../parts/Make.tsx";
import { Phone } from "../parts/Phone.tsx";
import { Panel } from "../parts/Pieces.tsx";
import { plain } from "../parts/words.ts";
import { send } from "../state/api.ts";
import { textOf, useLoaded } from "../state/load.ts";
import type { DisplayTemplate, Preview, Template } from "../state/shapes.ts";
import "../styles/preview.css";

/** Values that look right; the operator changes them. */
const samples: Readonly<Record<string, string>> = {
  amount: "1250.00",
  currency: "EUR",
  iban: "CZ2730300000001165254011",
  account: "CZ2730300000001165254011",
  note: "Rent for November",
  name: "Anna Nováková",
  merchant: "Corner Bookshop",
};

/** The phone in each language, as the server itself renders it: with other values, and with texts that are not saved yet. */
export function LivePreview({
  template,
  displays,
  onSaved,
}: {
  readonly template: Template;
  readonly displays: readonly DisplayTemplate[];
  readonly onSaved: () => void;
}) {
  const [language, setLanguage] = useState(displays[0]?.language ?? "en");
  const display = displays.find((one) => one.language === language) ?? displays[0];
  const add = (
    <Make
      action="New language"
      fields={[{ name: "language", label: "Language", hint: "Two or three letters, such as en." }]}
      perform={async ({ language: added = "" }) => {
        await send(
          "PUT",
          pathOf(template.operationType, added),
          display === undefined ? firstOf(template) : contentOf(display),
        );
        setLanguage(added);
        return undefined;
      }}
      onDone={onSaved}
    />
  );
  if (display === undefined) {
    return (
      <Panel title="How people see them">
        <Notice title="There is no display template for this type.">
          Phones show the type and the parameters as they are.
        </Notice>
        <div>{add}</div>
      </Panel>
    );
  }
  return (
    <Panel title="How people see them">
      <div class="page-actions">
        <div class="segments" role="group" aria-label="Language">
          {displays.map((one) => (
            <Button
              key={one.language}
              look={one === display ? "main" : "plain"}
              aria-pressed={one === display}
              onClick={() => setLanguage(one.language)}
            >
              {languageName(one.language)}
            </Button>
          ))}
        </div>
        {add}
      </div>
      <Draft key={`${display.language} ${display.updatedAt}`} template={template} display={display} onSaved={onSaved} />
    </Panel>
  );
}

interface DraftProps {
  readonly template: Template;
  readonly display: DisplayTemplate;
  readonly onSaved: () => void;
}

function Draft({ template, display, onSaved }: DraftProps) {
  const { operationType, language } = display;
  const saved = contentOf(display);
  const [title, setTitle] = useState(saved.title);
  const [message, setMessage] = useState(saved.message);
  const [attributes, setAttributes] = useState(saved.attributes);
  const [told, setTold] = useState<string>();
  const [busy, setBusy] = useState(false);
  const content = { ...saved, title, message, attributes };
  const [typed, setTyped] = useState<Values>({});
  const names = placesOf(template, content);
  const values = Object.fromEntries(names.map((name) => [name, typed[name] ?? samples[name] ?? name]));
  const asked = {
    content,
    parameters: values,
    riskFlags: template.riskFlags ?? "",
    proximityCheck: template.proximityCheck,
  };
  const path = pathOf(operationType, language);
  const { value, error } = useLoaded(() => send<Preview>("POST", `${path}/preview`, asked), JSON.stringify(asked));
  const [last, setLast] = useState<Preview>();
  if (value !== undefined && value !== last) setLast(value);
  const shown = value ?? last;
  const isChanged = JSON.stringify(content) !== JSON.stringify(saved);
  const save = async () => {
    setBusy(true);
    try {
      await send("PUT", path, content);
      onSaved();
    } catch (thrown) {
      setTold(textOf(thrown));
    }
    setBusy(false);
  };
  return (
    <div class="preview">
      <div class="preview-fields">
        <h3>Texts</h3>
        <Field label="Title" value={title} onValue={setTitle} />
        <Field label="Message" value={message} onValue={setMessage} />
        {attributes.map((row, at) => (
          <div key={row.id} class="preview-row">
            <Field
              label={`Label of ${row.id}`}
              value={row.text}
              onValue={(text) => setAttributes((before) => before.with(at, { ...row, text }))}
            />
            <Button look="plain" onClick={() => setAttributes((before) => before.toSpliced(at, 1))}>
              Leave out<span class="unseen"> {row.id}</span>
            </Button>
          </div>
        ))}
        <div>
          <Make
            action="Add a row"
            fields={[
              { name: "text", label: "Label" },
              { name: "type", label: "Kind", options: rowKinds },
              {
                name: "parameter",
                label: "Parameter",
                optional: true,
                hint: "Whose value it shows; none for a heading.",
              },
            ]}
            perform={(row) => {
              setAttributes((before) => [...before, rowOf(row, before)]);
              return Promise.resolve(undefined);
            }}
            onDone={() => {}}
          />
        </div>
        {told !== undefined && (
          <Notice tone="danger" live>
            {told}
          </Notice>
        )}
        <div class="page-actions">
          <Button disabled={!isChanged || error !== undefined} busy={busy} onClick={() => void save()}>
            Save
          </Button>
          <span class="small soft" role="status">
            {isChanged ? "A draft: phones show it once it is saved." : "This is what phones show."}
          </span>
        </div>
        <h3>Values</h3>
        {Object.keys(values).map((name) => (
          <Field
            key={name}
            label={plain(name)}
            value={values[name] ?? ""}
            onValue={(text) => setTyped((before) => ({ ...before, [name]: text }))}
          />
        ))}
      </div>
      <div class="preview-phones">
        {error !== undefined && <Notice tone="warning">{error}</Notice>}
        {shown !== undefined && <Phone preview={shown} language={language} />}
      </div>
    </div>
  );
}

type Row = DisplayTemplate["attributes"][number];

const rowKinds = [
  ["KEY_VALUE", "Value"],
  ["NOTE", "Note"],
  ["AMOUNT", "Amount, with the parameter “currency”"],
  ["HEADING", "Heading"],
] as const;

function rowOf({ text = "", type = "", parameter = "" }: Values, others: readonly Row[]): Row {
  const base = parameter || text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const id = others.some((one) => one.id === base) ? `${base}-${others.length + 1}` : base;
  const params: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    KEY_VALUE: { value: parameter },
    NOTE: { note: parameter },
    AMOUNT: { amount: parameter, currency: "currency" },
  };
  return { id, type, text, params: params[type] ?? {} };
}

/** Of a type that nobody has described: its name, and each parameter as a row. */
function firstOf({ operationType, dataTemplate }: Template) {
  const names = [...dataTemplate.matchAll(/\$\{([^}]+)\}/g)].map(([, name = ""]) => name);
  const attributes = names.map((name) => ({ id: name, type: "KEY_VALUE", text: plain(name), params: { value: name } }));
  return { title: plain(operationType), message: "", attributes };
}

function contentOf({ operationType: _, language: __, updatedAt: ___, ...content }: DisplayTemplate) {
  return content;
}

function pathOf(operationType: string, language: string): string {
  return `/display-templates/${encodeURIComponent(operationType)}/${encodeURIComponent(language)}`;
}

/** Parameters that occur: in the signed data, in the texts, in the rows. */
function placesOf(
  template: Template,
  { title, message, attributes }: Pick<DisplayTemplate, "title" | "message" | "attributes">,
): string[] {
  const texts = [template.dataTemplate, title, message].join(" ");
  const named = [...texts.matchAll(/\$\{([^}]+)\}/g)].map(([, name = ""]) => name);
  return [...new Set([...named, ...attributes.flatMap(({ params }) => Object.values(params))])];
}

function languageName(code: string): string {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(code) ?? code;
}
