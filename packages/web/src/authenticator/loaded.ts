/** The screens behind the first one, and the SDK with them: a script of their own, loaded while the first is shown. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { openAccounts } from "./accounts/accounts.ts";

const screens = signal<typeof import("./Screens.tsx") | undefined>(undefined);
export const loaded: ReadonlySignal<typeof screens.value> = screens;

const failed = signal(false);
export const hasFailed: ReadonlySignal<boolean> = failed;

export async function loadScreens(): Promise<void> {
  try {
    [screens.value] = await Promise.all([import("./Screens.tsx"), openAccounts()]);
  } catch {
    failed.value = true;
  }
}
