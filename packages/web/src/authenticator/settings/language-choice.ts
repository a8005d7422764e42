/** The language that the person chose, in place of the browser's. */
import { chooseLanguage, type Language, setLanguage } from "../../texts/language.ts";
import { accounts } from "../accounts/accounts.ts";
import { readRecord, writeRecord } from "../accounts/storage.ts";
import { refresh } from "../operations/pending.ts";

export async function useChosenLanguage(): Promise<void> {
  const chosen = await readRecord<string>("language").catch(() => undefined);
  setLanguage(chooseLanguage([...(chosen === undefined ? [] : [chosen]), ...navigator.languages]));
}

/** Also what servers are asked to answer in. */
export async function chooseLanguageOf(language: Language): Promise<void> {
  setLanguage(language);
  await writeRecord("language", language);
  for (const account of accounts.value ?? []) {
    if (account.kind === "mobile-token") account.services.setAcceptLanguage(language);
    await refresh(account);
  }
}
