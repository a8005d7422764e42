/**
 * Texts of the pages. Each page has a dictionary for each language beside its screens: `en.ts` is the model, the others
 * have its type, so that a missing text does not compile. A text with something in it is a function.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

export const languages = ["en", "cs"] as const;
export type Language = (typeof languages)[number];

/** The same members with any text in place of the model's. */
export type Dictionary<Model> = {
  readonly [Key in keyof Model]: Model[Key] extends string
    ? string
    : Model[Key] extends (...args: infer Args) => string
      ? (...args: Args) => string
      : Dictionary<Model[Key]>;
};

/** Codes of languages that are written from right to left; a dictionary for one needs nothing else. */
const rightToLeft = new Set(["ar", "fa", "he", "ur"]);

/** The first wanted language there is, English otherwise. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = languages.find((one) => one === tag.toLowerCase().split("-")[0]);
    if (found !== undefined) return found;
  }
  return "en";
}

const current = signal<Language>("en");
export const language: ReadonlySignal<Language> = current;

/** Also tells the document, for screen readers and the direction of reading. */
export function setLanguage(chosen: Language): void {
  current.value = chosen;
  document.documentElement.lang = chosen;
  document.documentElement.dir = rightToLeft.has(chosen) ? "rtl" : "ltr";
}
