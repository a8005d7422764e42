/** Calm, and the same in light and dark. */
export const style = `:root {
  color-scheme: light dark;
  --ground: light-dark(#f4f5f7, #14171c);
  --sheet: light-dark(#ffffff, #1d2129);
  --ink: light-dark(#1b2230, #e9ecf1);
  --soft: light-dark(#566074, #a3adbd);
  --line: light-dark(#dde1e8, #323845);
  --mark: light-dark(#1f5fbf, #82b1ff);
}
* { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  gap: 1.25rem;
  padding: 1.5rem 1rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
main {
  width: 100%;
  max-width: 26rem;
  padding: 2rem 1.75rem 1.5rem;
  border: 1px solid var(--line);
  border-radius: 14px;
  background: var(--sheet);
  text-align: center;
}
h1 { margin: 0 0 0.75rem; font-size: 1.375rem; line-height: 1.25; font-weight: 650; text-wrap: balance; }
p { margin: 0; }
.lead { color: var(--soft); text-wrap: pretty; overflow-wrap: anywhere; }
.lead strong { color: var(--ink); font-weight: 600; }
.label { margin-top: 1.5rem; color: var(--soft); font-size: 0.875rem; }
.number { font-size: 2.5rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: 0.06em; }
.code { margin: 1.5rem auto 0; width: min(100%, 19rem); padding: 0.5rem; border-radius: 10px; background: #ffffff; }
.code svg { display: block; width: 100%; height: auto; shape-rendering: crispEdges; }
.open { margin-top: 0.75rem; font-size: 0.9375rem; }
a { color: var(--mark); }
.wait { display: flex; align-items: center; justify-content: center; gap: 0.625rem; margin-top: 1.5rem; font-weight: 500; }
.dot { width: 0.625rem; height: 0.625rem; border-radius: 50%; background: var(--mark); animation: beat 1.6s ease-in-out infinite; }
@keyframes beat { 50% { opacity: 0.25; } }
@media (prefers-reduced-motion: reduce) { .dot { animation: none; } }
form { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
button {
  font: inherit;
  color: inherit;
  min-height: 2.75rem;
  padding: 0 1.5rem;
  border: 1px solid var(--line);
  border-radius: 10px;
  background: transparent;
  cursor: pointer;
}
button:hover { border-color: var(--soft); }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
.note { max-width: 26rem; color: var(--soft); font-size: 0.8125rem; text-align: center; text-wrap: pretty; }
`;
