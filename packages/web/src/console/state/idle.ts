/** A console that nobody touches signs its operator out. The server does, too: it is told when something was touched. */
import { keepSession, signOut } from "./api.ts";

const idleMs = 30 * 60_000;
const lookMs = 30_000;

/** Until the returned function is called. */
export function signOutWhenIdle(): () => void {
  let touched = Date.now();
  let told = touched;
  const touch = () => {
    touched = Date.now();
    if (touched - told < lookMs) return;
    told = touched;
    void keepSession();
  };
  const kinds = ["pointerdown", "keydown", "scroll"] as const;
  for (const kind of kinds) globalThis.addEventListener(kind, touch, { passive: true });
  const timer = setInterval(() => {
    if (Date.now() - touched >= idleMs) void signOut();
  }, lookMs);
  return () => {
    clearInterval(timer);
    for (const kind of kinds) globalThis.removeEventListener(kind, touch);
  };
}
