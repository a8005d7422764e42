/** Where log lines go that nobody else takes: the platform's console. */

export type LogOutput = (level: "error" | "warn" | "info" | "debug", line: string) => void;

export const platformLog: LogOutput = (level, line) => {
  // oxlint-disable-next-line no-console
  console[level](line);
};
