/** What a page shows: read when it opens, read again when something it is about changes, page by page where it is long. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, type Page, type Query, RefusedByServer } from "./api.ts";
import { type Change, onChange } from "./live.ts";

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly again: () => void;
}

/** Changes come in bursts: one look for all of them. */
const settleMs = 250;

/** `about` says which changes it has to be read again for. `key` says when it is something else. */
export function useLoaded<T>(read: () => Promise<T>, key: string, about?: (change: Change) => boolean): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: string }>({ key });
  const newest = useRef(0);
  const latest = useRef(read);
  latest.current = read;
  const again = useCallback(() => {
    const mine = ++newest.current;
    const take = (found: { value: T } | { error: string }) => {
      if (mine === newest.current) setState({ key, ...found });
    };
    const look = async () => {
      try {
        take({ value: await latest.current() });
      } catch (error) {
        take({ error: textOf(error) });
      }
    };
    void look();
  }, [key]);
  useEffect(() => {
    again();
    return () => void newest.current++;
  }, [again]);
  useChanges(again, about);
  const current = state.key === key ? state : undefined;
  return { value: current?.value, error: current?.error, again };
}

export interface LoadedList<T> extends Loaded<readonly T[]> {
  /** Present while there is more. */
  readonly more: (() => void) | undefined;
}

const mostEmptyPages = 20;

export function useList<T>(path: string, query: Query, about?: (change: Change) => boolean): LoadedList<T> {
  const key = JSON.stringify([path, query]);
  const [wanted, setWanted] = useState({ key, items: 50 });
  const most = wanted.key === key ? wanted.items : 50;
  const { value, ...rest } = useLoaded(() => readUpTo<T>(path, query, most), `${key} ${most}`, about);
  const kept = useRef<{ key: string; value: Part<T> } | undefined>(undefined);
  if (value !== undefined) kept.current = { key, value };
  // While more is read, what is there stays.
  const shown = value ?? (kept.current?.key === key ? kept.current.value : undefined);
  const more = shown?.next === true ? () => setWanted({ key, items: most + 50 }) : undefined;
  return { ...rest, value: shown?.items, more };
}

/** A list that comes in one answer. */
export function useItems<T>(path: string): LoadedList<T> {
  const { value, ...rest } = useLoaded(() => get<Page<T>>(path), path);
  return { ...rest, value: value?.items, more: undefined };
}

interface Part<T> {
  readonly items: readonly T[];
  readonly next: boolean;
}

/** A page may be short, or empty, and still not be the last one. */
async function readUpTo<T>(path: string, query: Query, most: number): Promise<Part<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < mostEmptyPages && items.length < most; pages++) {
    const limit = String(Math.min(200, most - items.length));
    const page: Page<T> = await get<Page<T>>(path, { ...query, limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return { items, next: cursor !== undefined };
}

function useChanges(again: () => void, about: ((change: Change) => boolean) | undefined): void {
  const latest = useRef(about);
  latest.current = about;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onChange((change) => {
      if (change !== "everything" && latest.current?.(change) !== true) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        again();
      }, settleMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [again]);
}

export function textOf(error: unknown): string {
  return error instanceof RefusedByServer ? error.message : "Something went wrong in this page.";
}
