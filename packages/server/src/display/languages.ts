/** Texts in several languages, and which of them somebody gets. */

/** The one asked for, else English, else any. Undefined where there is none at all. */
export function inLanguage<T>(texts: Readonly<Record<string, T>>, language: string): T | undefined {
  if (Object.hasOwn(texts, language)) return texts[language];
  return Object.hasOwn(texts, "en") ? texts.en : Object.values(texts)[0];
}
