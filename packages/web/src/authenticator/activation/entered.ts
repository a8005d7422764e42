/** The code that an account is being connected from, wherever it came in. */
import { signal } from "@preact/signals";
import type { Entry } from "./entry.ts";

export const entry = signal<Entry | undefined>(undefined);
