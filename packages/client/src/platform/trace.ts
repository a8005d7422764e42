/**
 * What an application may watch of the engine while it is being developed: which address was asked and how it ended, never
 * a header, a body, a key or a password. Nothing is collected unless somebody listens.
 */

export type TraceEvent =
  /** One HTTP exchange: status, or why there was none. */
  | { readonly type: "exchange"; readonly path: string; readonly outcome: number | string }
  /** A call of the face that failed. */
  | { readonly type: "failure"; readonly instanceId: string; readonly code: string };

const listeners = new Set<(event: TraceEvent) => void>();

export function trace(event: TraceEvent): void {
  for (const listener of listeners) listener(event);
}

/** Gives the function that ends it. */
export function listenToTrace(listener: (event: TraceEvent) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
