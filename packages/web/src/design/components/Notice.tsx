import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon.tsx";
import "./notice.css";

export interface NoticeProps {
  readonly tone?: "info" | "good" | "warning" | "danger";
  readonly title?: string;
  readonly children?: ComponentChildren;
  /** Spoken at once: for what came up after the page was there. */
  readonly live?: boolean;
}

const icons: Record<NonNullable<NoticeProps["tone"]>, IconName> = {
  info: "info",
  good: "check",
  warning: "warning",
  danger: "warning",
};

export function Notice({ tone = "info", title, children, live = false }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={live ? (tone === "danger" ? "alert" : "status") : undefined}>
      <Icon name={icons[tone]} />
      <div class="notice-text">
        {title !== undefined && <strong>{title}</strong>}
        {children !== undefined && <div>{children}</div>}
      </div>
    </div>
  );
}
