/** Charts drawn here: bars over time, and bars of parts. Each has its numbers as a table, too. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { number } from "./words.ts";
import "../styles/chart.css";

export interface Series {
  readonly name: string;
  /** Class of its colour. */
  readonly tone: string;
}

export interface Column {
  /** In full, for the table. */
  readonly name: string;
  /** Below the axis, where there is room. */
  readonly short: string;
  /** One for each series. */
  readonly values: readonly number[];
}

const height = 220;
const axis = 24;
const margin = 34;

/** Parts of each column stand on each other. */
export function ColumnChart({
  label,
  series,
  columns,
}: {
  readonly label: string;
  readonly series: readonly Series[];
  readonly columns: readonly Column[];
}) {
  const [width, measured] = useWidth(720);
  const top = niceTop(Math.max(1, ...columns.map(({ values }) => sum(values))));
  const step = (width - margin) / Math.max(1, columns.length);
  const scale = (height - axis - 8) / top;
  const every = Math.max(1, Math.ceil((columns.length * 64) / width));
  const ground = height - axis;
  return (
    <Figure
      label={label}
      legend={series}
      table={<NumbersTable series={series.map(({ name }) => name)} rows={columns.map((c) => [c.name, ...c.values])} />}
    >
      <svg ref={measured} class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line
              class="chart-line"
              x1={margin}
              x2={width}
              y1={ground - part * top * scale}
              y2={ground - part * top * scale}
            />
            <text class="chart-text" x={margin - 6} y={ground - part * top * scale + 4} text-anchor="end">
              {number(top * part)}
            </text>
          </g>
        ))}
        {columns.map(({ name, short, values }, at) => {
          let base = ground;
          const x = margin + at * step;
          return (
            <g key={name}>
              {values.map((value, of) => {
                const tall = value * scale;
                base -= tall;
                return value === 0 ? null : (
                  <rect
                    key={series[of]?.name}
                    class={`tone-${series[of]?.tone}`}
                    x={x + step * 0.14}
                    y={base}
                    width={step * 0.72}
                    height={tall}
                    rx={Math.min(2, step * 0.1)}
                  >
                    <title>{`${name}: ${series[of]?.name} ${number(value)}`}</title>
                  </rect>
                );
              })}
              {at % every === 0 && (
                <text class="chart-text" x={x + step / 2} y={height - 5} text-anchor="middle">
                  {short}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </Figure>
  );
}

export interface Part {
  readonly name: string;
  readonly count: number;
}

/** One bar for each part, with its number beside it. */
export function PartsChart({
  label,
  tone,
  parts,
  empty,
}: {
  readonly label: string;
  readonly tone: string;
  readonly parts: readonly Part[];
  readonly empty: string;
}) {
  const most = Math.max(1, ...parts.map(({ count }) => count));
  if (parts.every(({ count }) => count === 0)) return <p class="table-empty soft">{empty}</p>;
  return (
    <ul class="parts" aria-label={label}>
      {parts.map(({ name, count }) => (
        <li key={name}>
          <span class="parts-name">{name}</span>
          <svg class="parts-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="tone-ground" width="100" height="8" rx="1" />
            <rect class={`tone-${tone}`} width={(count / most) * 100} height="8" rx="1" />
          </svg>
          <span class="parts-count">{number(count)}</span>
        </li>
      ))}
    </ul>
  );
}

function Figure({
  label,
  legend,
  table,
  children,
}: {
  readonly label: string;
  readonly legend: readonly Series[];
  readonly table: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <figure class="figure">
      {children}
      <figcaption class="figure-foot">
        <ul class="legend" aria-label={`Colours of: ${label}`}>
          {legend.map(({ name, tone }) => (
            <li key={name}>
              <svg width="10" height="10" aria-hidden="true">
                <rect class={`tone-${tone}`} width="10" height="10" rx="2" />
              </svg>
              {name}
            </li>
          ))}
        </ul>
        <details>
          <summary>Numbers</summary>
          {table}
        </details>
      </figcaption>
    </figure>
  );
}

function NumbersTable({
  series,
  rows,
}: {
  readonly series: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}) {
  return (
    <div class="table-frame" role="group" aria-label="Numbers" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">From</th>
            {series.map((name) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...values]) => (
            <tr key={name}>
              <td>{name}</td>
              {values.map((value, at) => (
                <td key={series[at]} class="number">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The chart is drawn in the pixels it has, so that its letters are as large as others. */
function useWidth(initial: number) {
  const [width, setWidth] = useState(initial);
  const measured = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const element = measured.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.max(240, Math.round(element.clientWidth))));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [width, measured] as const;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

/** An even number with few digits, at least as large. */
function niceTop(value: number): number {
  const digit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((one) => one * digit >= value) ?? 10;
  return Math.max(2, step * digit);
}
