/** Whether there is a connection: what the browser says, corrected by how requests went. */
import { type ReadonlySignal, signal } from "@preact/signals";

const online = signal(navigator.onLine);
export const isOnline: ReadonlySignal<boolean> = online;

addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

/** A server was reached, or was not: `navigator.onLine` knows only of cables. */
export function noteReach(reached: boolean): void {
  online.value = reached && navigator.onLine;
}
