/** What notifications say, in the language of the device. Nothing of an operation or a message goes into them. */
import { inLanguage } from "../display/languages.ts";

export type PushKind = "operationCreated" | "operationFinished" | "inboxMessage" | "enrolmentOffer";

export interface PushText {
  readonly title: string;
  readonly body: string;
}

/** By kind of message and language; kinds that are absent say what `generic` says. */
export type PushTexts = { readonly [K in PushKind]?: Readonly<Record<string, PushText>> };

const generic: Readonly<Record<PushKind, PushText>> = {
  operationCreated: { title: "Approval needed", body: "Open the app to see what waits for you." },
  operationFinished: { title: "Operation finished", body: "Open the app to see its result." },
  inboxMessage: { title: "New message", body: "Open the app to read it." },
  enrolmentOffer: { title: "New device", body: "Open the app to see the invitation." },
};

export function pushText(texts: PushTexts, kind: PushKind, language: string): PushText {
  return inLanguage(texts[kind] ?? {}, language) ?? generic[kind];
}
