/**
 * What the Mobile Token services report while they work. No level shows a password, a key, a signature, a token or what
 * people wrote: `redaction.ts` names the few members of a body that may be shown.
 */
import { platformLog } from "../../platform/log-output.ts";

/** Each level includes those before it. */
export type LogVerbosity = "none" | "error" | "warn" | "info" | "verbose" | "debug";

export type LogLevel = Exclude<LogVerbosity, "none">;

/** A text, or what makes it: called only when somebody takes the line. */
export type LogMessage = string | (() => string);

export interface LogListener {
  /** The message without prefix and time. */
  log(level: LogLevel, message: string): void;
}

const levels = ["none", "error", "warn", "info", "verbose", "debug"] as const satisfies readonly LogVerbosity[];
const prefixes = { error: "ERR", warn: "WRN", info: "INF", verbose: "VRB", debug: "DBG" } as const;

export class MobileTokenLogger {
  /** What goes to the console. */
  static verbosity: LogVerbosity = "warn";
  /** Whether lines on the console begin with the time. */
  static printTime = true;
  static #listener: LogListener | undefined;
  static #followVerbosity = true;

  /** One listener for the process; undefined takes it away. With `followVerbosity` false it gets every level. */
  static setLogListener(listener: LogListener | undefined, followVerbosity = true): void {
    MobileTokenLogger.#listener = listener;
    MobileTokenLogger.#followVerbosity = followVerbosity;
  }

  static error(message: LogMessage): void {
    MobileTokenLogger.#log("error", message);
  }

  static warn(message: LogMessage): void {
    MobileTokenLogger.#log("warn", message);
  }

  static info(message: LogMessage): void {
    MobileTokenLogger.#log("info", message);
  }

  static verbose(message: LogMessage): void {
    MobileTokenLogger.#log("verbose", message);
  }

  static debug(message: LogMessage): void {
    MobileTokenLogger.#log("debug", message);
  }

  /** A failing listener or console spoils no call. */
  static #log(level: LogLevel, message: LogMessage): void {
    const { verbosity, printTime } = MobileTokenLogger;
    const isPrinted = levels.indexOf(level) <= levels.indexOf(verbosity);
    const listener = isPrinted || !MobileTokenLogger.#followVerbosity ? MobileTokenLogger.#listener : undefined;
    if (!isPrinted && listener === undefined) return;
    try {
      const text = typeof message === "string" ? message : message();
      const time = printTime ? ` - ${new Date().toISOString()}` : "";
      if (isPrinted) platformLog(level === "verbose" ? "debug" : level, `[MT:${prefixes[level]}${time}] ${text}`);
      listener?.log(level, text);
    } catch {
      // There is nobody left to tell.
    }
  }
}
