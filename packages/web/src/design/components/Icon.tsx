/** Signs of one line weight in a square of 24; decoration only, what they mean is always written too. */
import "./icon.css";

const paths = {
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  info: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5.5M12 7.5v.5",
  warning: "M12 4L2.8 19.5h18.4L12 4zM12 10v4.5M12 17v.3",
  bell: "M6 16V10.5a6 6 0 1112 0V16l1.5 2h-15L6 16zM10 20.5h4",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5.2l3.4 2",
  erase: "M9 6h11.5v12H9l-6-6zM12.2 9.5l5 5M17.2 9.5l-5 5",
  envelope: "M3.5 6h17v12h-17zM4 7l8 6 8-6",
  gear: "M12 15.2a3.2 3.2 0 100-6.4 3.2 3.2 0 000 6.4zM12 3.5v2.6M12 17.9v2.6M3.5 12h2.6M17.9 12h2.6M6 6l1.8 1.8M16.2 16.2L18 18M6 18l1.8-1.8M16.2 7.8L18 6",
  keyboard: "M3 6.5h18v11H3zM6.5 10h.1M10 10h.1M13.5 10h.1M17 10h.1M7.5 14h9",
  link: "M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.7l1-1",
  lock: "M6 10.5h12V20H6zM8.5 10.5V8a3.5 3.5 0 017 0v2.5M12 14v2.5",
  offline: "M3 9a13 13 0 0118 0M6.3 12.4a8.3 8.3 0 0111.4 0M9.4 15.7a3.9 3.9 0 015.2 0M12 19v.2M4 4l16 16",
  phone: "M7.5 3h9v18h-9zM11 18h2",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  shield: "M12 3l7.5 3v5.5c0 4.6-3.2 7.9-7.5 9.5-4.3-1.6-7.5-4.9-7.5-9.5V6L12 3zM8.8 12l2.3 2.3 4.2-4.4",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7",
  fingerprint:
    "M5.5 15a13 13 0 00.5-4 6 6 0 0112 0 22 22 0 01-.7 6M8.7 19.5a19 19 0 001.3-8.5 2 2 0 014 0 26 26 0 01-1.6 9.5M12 11v1",
  globe: "M12 21a9 9 0 100-18 9 9 0 000 18zM3 12h18M12 3c3 3 3.6 6 3.6 9S15 18 12 21c-3-3-3.6-6-3.6-9S9 6 12 3z",
  search: "M10.5 17a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM15.5 15.5L20 20",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  cart: "M3 4.5h2.5L8 15.5h9.5L20 8H6.3M9 20a.8.8 0 100-1.6.8.8 0 000 1.6zM16.5 20a.8.8 0 100-1.6.8.8 0 000 1.6z",
  bank: "M3.5 9.5L12 4l8.5 5.5zM5.5 10v7M10 10v7M14 10v7M18.5 10v7M3.5 20h17",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 24 }: { readonly name: IconName; readonly size?: number }) {
  const turns = name === "back" || name === "forward" || name === "erase";
  return (
    <svg class={`icon${turns ? " icon-turns" : ""}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
