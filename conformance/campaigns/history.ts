/**
 * What the clients of a run did and were told, in the one order in which this process saw it: `sent` and `answered` are
 * ticks of a counter, so that "after it was answered" is exact. Written by the runners, read by the checker.
 */

export interface Exchange {
  readonly sent: number;
  /** Absent while under way, and for good when no answer came. */
  answered?: number;
  status?: number;
  /** Stable code of a refusal. */
  code?: string;
}

export interface CreateEntry extends Exchange {
  readonly kind: "create";
  readonly key: string;
  readonly expiresAt?: number;
  operation?: string;
}

export interface DecideEntry extends Exchange {
  readonly kind: "decide";
  readonly activation: string;
  readonly operation: string;
  readonly action: "approve" | "reject";
  readonly pin: "right" | "wrong" | "none";
  /** Numeric counter value that the signature used. */
  readonly counter: number;
  /** SHA-256, Base64url, of what was signed without the application secret. */
  readonly digest: string;
}

export interface CancelEntry extends Exchange {
  readonly kind: "cancel";
  readonly operation: string;
}

/** What a reader of the private API was told of an operation. */
export interface ReadEntry extends Exchange {
  readonly kind: "read";
  readonly operation: string;
  state?: string;
}

/** What a device was told of itself. */
export interface StatusEntry extends Exchange {
  readonly kind: "status";
  readonly activation: string;
  state?: number;
  failedAttempts?: number;
  /** Numeric counter value that the server expects next. */
  counter?: number;
}

/** Something that must not happen and that only the runner could see. */
export interface OddEntry {
  readonly kind: "odd";
  readonly rule: string;
  readonly text: string;
  readonly sent: number;
}

export type Entry = CreateEntry | DecideEntry | CancelEntry | ReadEntry | StatusEntry | OddEntry;

type Start<E extends Entry> = Omit<E, "sent" | "answered" | "status" | "code">;

export interface History {
  readonly entries: readonly Entry[];
  /** Notes what is sent from now on; the returned entry is completed by `answer`. */
  begin<E extends Entry>(entry: Start<E>): E;
  answer(entry: Exchange, status: number, code?: string): void;
  odd(rule: string, text: string): void;
}

export function newHistory(): History {
  const entries: Entry[] = [];
  let ticks = 0;
  return {
    entries,
    begin<E extends Entry>(entry: Start<E>): E {
      const begun = { ...entry, sent: ++ticks } as unknown as E;
      entries.push(begun);
      return begun;
    },
    answer(entry, status, code) {
      entry.answered = ++ticks;
      entry.status = status;
      if (code !== undefined) entry.code = code;
    },
    odd(rule, text) {
      entries.push({ kind: "odd", rule, text, sent: ++ticks });
    },
  };
}
