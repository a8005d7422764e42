/** What a scanned text is, so that one camera serves everything. Pure; nothing is verified here. */
import { type Entry, parametersOf, readEntry, readToken } from "../activation/entry.ts";

export type Scanned =
  | { readonly kind: "entry"; readonly entry: Entry }
  /** An operation to be approved without a network. */
  | { readonly kind: "offline"; readonly text: string }
  /** A proximity code. */
  | { readonly kind: "proximity"; readonly text: string }
  /** Id of a transaction of an Approve server. */
  | { readonly kind: "transaction"; readonly text: string }
  /** Six digits of number matching. */
  | { readonly kind: "number"; readonly text: string };

export function readScanned(text: string): Scanned | undefined {
  const trimmed = text.trim();
  if (/^\d{6}$/.test(trimmed)) return { kind: "number", text: trimmed };
  const entry = readEntry(trimmed);
  if (entry !== undefined) return { kind: "entry", entry };
  // Lines are part of what is signed: the text stays as it was scanned.
  if (trimmed.split("\n").length >= 6) return { kind: "offline", text };
  const parameters = parametersOf(trimmed);
  // A link may be for accounts of both kinds: its one-time password is of no use later, the other id comes along.
  if (parameters?.has("oid") || parameters?.has("code")) return { kind: "proximity", text: trimmed };
  if (parameters?.has("ref")) return { kind: "transaction", text: trimmed };
  const { typ, claims } = readToken(trimmed);
  if (typeof typ === "string" && typ.startsWith("apv-")) return { kind: "transaction", text: trimmed };
  return claims !== undefined && "oid" in claims ? { kind: "proximity", text: trimmed } : undefined;
}
