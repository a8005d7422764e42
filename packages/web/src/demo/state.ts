/** What the page shows, as the bank last told it. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, type Payment, type State, textOf } from "./api.ts";

export const state = signal<State | undefined>(undefined);
export const problem = signal<string | undefined>(undefined);
/** What lies over the page. */
export const open = signal<Open | undefined>(undefined);

export type Open =
  | { readonly at: "connect" | "log-in" }
  | { readonly at: "order"; readonly title: string; readonly amount: string; readonly order: object }
  | { readonly at: "payment"; readonly id: string };

export async function load(): Promise<void> {
  try {
    state.value = await ask<State>("/state");
    problem.value = undefined;
  } catch (error) {
    problem.value = textOf(error);
  }
}

export function put(payment: Payment): void {
  const current = state.value;
  if (current === undefined) return;
  const others = (current.payments ?? []).filter(({ id }) => id !== payment.id);
  const payments = [payment, ...others].toSorted((a, b) => b.createdAt - a.createdAt);
  state.value = { ...current, payments };
}

/** Asks again a second after each answer, while the caller is shown; `look` says whether to go on. */
export function useLooking(look: () => Promise<boolean>, key: string): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const again = async () => {
      const goesOn = await look().catch(() => true);
      if (goesOn && !isOver) timer = setTimeout(() => void again(), 1000);
    };
    void again();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
}
