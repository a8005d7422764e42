/** What happened, from the first to the last. */
import { When } from "./Pieces.tsx";
import { span } from "./words.ts";
import "../styles/timeline.css";

export interface TimelineItem {
  readonly at: string;
  readonly title: string;
  readonly tone: string;
  readonly facts: readonly (readonly [string, string])[];
  /** What vouches for it. */
  readonly mark?: string;
}

export function Timeline({ items }: { readonly items: readonly TimelineItem[] }) {
  return (
    <ol class="timeline">
      {items.map(({ at, title, tone, facts, mark }, index) => {
        const before = items[index - 1];
        return (
          <li key={`${at} ${title} ${index}`} class={`timeline-item timeline-${tone}`}>
            <div class="timeline-head">
              <strong>{title}</strong>
              <span class="soft small">
                <When at={at} />
                {before !== undefined && ` · ${span(Date.parse(at) - Date.parse(before.at))} later`}
              </span>
            </div>
            {facts.length > 0 && (
              <dl class="timeline-facts small">
                {facts.map(([name, value]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            )}
            {mark !== undefined && <span class="timeline-mark small soft">{mark}</span>}
          </li>
        );
      })}
    </ol>
  );
}
