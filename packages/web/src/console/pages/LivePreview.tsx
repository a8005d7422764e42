import { useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Phone } from "../parts/Phone.tsx";
import { Panel } from "../parts/Pieces.tsx";
import { plain } from "../parts/words.ts";
import { send } from "../state/api.ts";
import { useLoaded } from "../state/load.ts";
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
}: {
  readonly template: Template;
  readonly displays: readonly DisplayTemplate[];
}) {
  const [language, setLanguage] = useState(displays[0]?.language ?? "en");
  const display = displays.find((one) => one.language === language);
  if (display === undefined) {
    return (
      <Panel title="How people see them">
        <Notice title="There is no display template for this type.">
          Phones show the type and the parameters as they are.
        </Notice>
      </Panel>
    );
  }
  return (
    <Panel title="How people see them">
      <div class="segments" role="group" aria-label="Language">
        {displays.map((one) => (
          <Button
            key={one.language}
            look={one.language === language ? "main" : "plain"}
            aria-pressed={one.language === language}
            onClick={() => setLanguage(one.language)}
          >
            {languageName(one.language)}
          </Button>
        ))}
      </div>
      <Draft key={`${language} ${display.updatedAt}`} template={template} display={display} />
    </Panel>
  );
}

function Draft({ template, display }: { readonly template: Template; readonly display: DisplayTemplate }) {
  const { operationType, language, updatedAt: _, ...saved } = display;
  const [title, setTitle] = useState(saved.title);
  const [message, setMessage] = useState(saved.message);
  const [values, setValues] = useState(() =>
    Object.fromEntries(placesOf(template, display).map((n) => [n, samples[n] ?? n])),
  );
  const asked = {
    content: { ...saved, title, message },
    parameters: values,
    riskFlags: template.riskFlags ?? "",
    proximityCheck: template.proximityCheck,
  };
  const path = `/display-templates/${encodeURIComponent(operationType)}/${language}/preview`;
  const { value, error } = useLoaded(() => send<Preview>("POST", path, asked), JSON.stringify(asked));
  const [last, setLast] = useState<Preview>();
  if (value !== undefined && value !== last) setLast(value);
  const shown = value ?? last;
  return (
    <div class="preview">
      <div class="preview-fields">
        <h3>Texts</h3>
        <Field label="Title" value={title} onValue={setTitle} />
        <Field label="Message" value={message} onValue={setMessage} />
        <p class="small soft">A draft: it is shown here and saved nowhere.</p>
        <h3>Values</h3>
        {Object.keys(values).map((name) => (
          <Field
            key={name}
            label={plain(name)}
            value={values[name] ?? ""}
            onValue={(text) => setValues((before) => ({ ...before, [name]: text }))}
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

/** Parameters that occur: in the signed data, in the texts, in the rows. */
function placesOf(template: Template, { title, message, attributes }: DisplayTemplate): string[] {
  const texts = [template.dataTemplate, title, message].join(" ");
  const named = [...texts.matchAll(/\$\{([^}]+)\}/g)].map(([, name = ""]) => name);
  return [...new Set([...named, ...attributes.flatMap(({ params }) => Object.values(params))])];
}

function languageName(code: string): string {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(code) ?? code;
}
