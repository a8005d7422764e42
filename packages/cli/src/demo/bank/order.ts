/** What the page asks to be paid, read and checked. Prices are the shop's, whatever the page says. */
import { refuse } from "./refusal.ts";

/** How the person approves: asked on the phone, near this screen, or without a network. */
export type Way = "phone" | "near" | "offline";

export interface Order {
  readonly way: Way;
  readonly title: string;
  /** Cents. */
  readonly cents: number;
  readonly iban: string;
  readonly note: string;
}

const shop = { name: "Juniper Goods", iban: "DE89370400440532013000" } as const;
const goods: Readonly<Record<string, readonly [title: string, cents: number]>> = {
  mug: ["Stoneware mug", 18_00],
  blanket: ["Wool blanket", 89_50],
  lamp: ["Desk lamp", 124_00],
};
const ways: ReadonlySet<unknown> = new Set<Way>(["phone", "near", "offline"]);

/** Throws a refusal that names the member at fault. */
export function readOrder(body: Readonly<Record<string, unknown>>): Order {
  const { way, item } = body;
  if (!ways.has(way)) throw refuse(400, "way");
  if (item !== undefined) {
    const found = typeof item === "string" && Object.hasOwn(goods, item) ? goods[item] : undefined;
    if (found === undefined) throw refuse(400, "item");
    const [title, cents] = found;
    return { way: way as Way, title, cents, iban: shop.iban, note: `${title}, ${shop.name}` };
  }
  const cents = centsOf(textOf(body, "amount", 12));
  const iban = textOf(body, "iban", 50).replaceAll(" ", "").toUpperCase();
  if (!isIban(iban)) throw refuse(400, "iban");
  const note = textOf(body, "note", 60).trim() || "Transfer";
  if (/[^\p{L}\p{N}\p{P}\p{S} ]/u.test(note)) throw refuse(400, "note");
  return { way: way as Way, title: note, cents, iban, note };
}

export function euros(cents: number): string {
  return (cents / 100).toFixed(2);
}

function centsOf(text: string): number {
  const [, whole = "", part = ""] = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  const cents = Number(whole) * 100 + Number(part.padEnd(2, "0"));
  if (whole === "" || cents === 0) throw refuse(400, "amount");
  return cents;
}

/** ISO 13616: with the first four characters at the end and letters as numbers, one is left when divided by 97. */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[0-9A-Z]{11,30}$/.test(text)) return false;
  const digits = (text.slice(4) + text.slice(0, 4)).replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}

function textOf(body: Readonly<Record<string, unknown>>, name: string, most: number): string {
  const value = body[name];
  if (typeof value !== "string" || value.length > most) throw refuse(400, name);
  return value;
}
