import encode from "qr";
import { useMemo } from "preact/hooks";

/** Dark on white in every colour scheme: cameras want it so. */
export function Qr({ text, label }: { readonly text: string; readonly label: string }) {
  const { side, path } = useMemo(() => drawn(text), [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function drawn(text: string): { readonly side: number; readonly path: string } {
  const rows = encode(text, "raw", { ecc: "low", border: 3 });
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return { side: rows.length, path };
}
