/** The line on stderr that shows how far a run is: rewritten on a terminal, now and then a new line elsewhere. */

export interface Progress {
  /** Tells how far it is; the text replaces the last one. */
  show(text: string): void;
  /** Prints a line that stays. */
  note(text: string): void;
  end(): void;
}

const secondsBetweenLines = 10;

export function progressLine(name: string, to: NodeJS.WriteStream = process.stderr): Progress {
  const started = performance.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  let open = false;
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  const clear = (): void => {
    if (open) to.write("\r\u001b[K");
    open = false;
  };
  return {
    show(text) {
      const now = performance.now();
      if (now - shownAt < (to.isTTY ? 0.1 : secondsBetweenLines) * 1000) return;
      shownAt = now;
      clear();
      to.write(`${name}: ${text} (${seconds()})${to.isTTY ? "" : "\n"}`);
      open = to.isTTY;
    },
    note(text) {
      clear();
      to.write(`${name}: ${text} (${seconds()})\n`);
    },
    end: clear,
  };
}
