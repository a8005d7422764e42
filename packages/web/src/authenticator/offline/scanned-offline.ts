/** The text of an offline operation that was scanned last, until another one is. */
import { signal } from "@preact/signals";

export const scannedOffline = signal<string | undefined>(undefined);
