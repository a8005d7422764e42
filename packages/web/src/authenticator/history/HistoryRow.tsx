import { shownDate } from "../operations/countdown.ts";
import { texts } from "../texts/texts.ts";
import "./history.css";

interface HistoryRowProps {
  readonly title: string;
  readonly text?: string;
  readonly date: Date | undefined;
  readonly amount?: string | undefined;
  readonly status: string;
}

const marks: Readonly<Record<string, string>> = {
  APPROVED: "good",
  REJECTED: "danger",
  FAILED: "danger",
  PENDING: "info",
};

/** One that was decided, of either kind. */
export function HistoryRow({ title, text, date, amount, status }: HistoryRowProps) {
  const words: Readonly<Record<string, string>> = texts.value.history.status;
  return (
    <li class="history-row">
      <div>
        <strong>{title}</strong>
        <p class="small soft">{shownDate(date)}</p>
      </div>
      <div class="history-end">
        {amount !== undefined && <span class="history-amount">{amount}</span>}
        <span class={`mark mark-${marks[status] ?? "neutral"}`}>{words[status] ?? status}</span>
      </div>
      {text !== undefined && text !== "" && <p class="small history-text">{text}</p>}
    </li>
  );
}
