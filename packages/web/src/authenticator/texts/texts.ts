/** The texts of the language of now; components that read `texts.value` are drawn again when it changes. */
import { computed } from "@preact/signals";
import { type Dictionary, language } from "../../texts/language.ts";
import { cs } from "./cs.ts";
import { en } from "./en.ts";

export type Texts = Dictionary<typeof en>;

const dictionaries = { en, cs } satisfies Record<typeof language.value, Texts>;

export const texts = computed<Texts>(() => dictionaries[language.value]);
