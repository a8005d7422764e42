import {
  attributeText,
  listVisual,
  type OperationAttribute,
  type UserOperation,
} from "@countersign/client/mobile-token";
import { Icon } from "../../design/components/Icon.tsx";
import { addressOf } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import { shownTime, useSecondsLeft } from "./countdown.ts";
import { isShownPicture } from "./form/picture.ts";
import type { Pending } from "./pending.ts";
import { readText } from "./transaction-text.ts";

interface Summary {
  readonly header?: string | undefined;
  readonly title: string;
  readonly message: string;
  /** The one value to see at a glance. */
  readonly amount?: string | undefined;
  readonly image?: string | undefined;
}

export function PendingCard({ item, withAccount }: { readonly item: Pending; readonly withAccount: boolean }) {
  const t = texts.value;
  const seconds = useSecondsLeft(item.expires, item.account.id).value;
  const { header, title, message, amount, image } = summaryOf(item, t.list.sealed);
  const isSoon = seconds !== undefined && seconds <= 60;
  return (
    <a class="pending-card" href={addressOf({ at: "operation", account: item.account.id, id: item.id })}>
      {image !== undefined && <img class="pending-image" src={image} alt="" />}
      <span class="pending-main">
        {(header ?? withAccount) && (
          <span class="small soft">{[header, withAccount ? item.account.name : ""].filter(Boolean).join(" · ")}</span>
        )}
        <strong class="pending-title">{title}</strong>
        <span class="pending-message soft">{message}</span>
        {seconds !== undefined && (
          <span class={`pending-time small${isSoon ? " pending-time-soon" : ""}`}>
            <Icon name="clock" size={16} />
            {seconds > 0 ? t.list.expiresIn(shownTime(seconds, t)) : t.list.expired}
          </span>
        )}
      </span>
      {amount !== undefined && <span class="pending-amount">{amount}</span>}
      <Icon name="forward" size={20} />
    </a>
  );
}

function summaryOf(item: Pending, sealed: string): Summary {
  if (item.kind === "approve") {
    if (item.transaction === undefined) return { title: item.account.name, message: sealed };
    const { title, rows } = readText(item.transaction.toString());
    return { title, message: rows.map(({ label, value }) => (label ? `${label}: ${value}` : value)).join(" · ") };
  }
  const { header, title, message, image } = listVisual(item.operation);
  const style = item.operation.ui?.templates?.list;
  const amount = style === undefined ? amountOf(item.operation) : undefined;
  return {
    header,
    title: title || item.operation.name,
    message,
    amount,
    image: image && isShownPicture(image.thumbnailUrl) ? image.thumbnailUrl : undefined,
  };
}

function amountOf({ formData }: UserOperation): string | undefined {
  const isAmount = ({ type }: OperationAttribute) => type === "AMOUNT";
  const amounts = formData.attributes.filter(isAmount);
  const [first] = amounts;
  return amounts.length === 1 && first !== undefined ? attributeText(first) : undefined;
}
