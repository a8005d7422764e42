/** What happens between the SDK and the server, for developers. No header, body, key, password or answer is ever shown. */
import { listenToTrace, type TraceEvent } from "../../platform/trace.ts";
import { describeInstances } from "../instances.ts";
import { PowerAuthError } from "../PowerAuthError.ts";

export interface PowerAuthLog {
  readonly level: "debug" | "error";
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

let stop: (() => void) | undefined;

export class PowerAuthDebug {
  /**
   * Writes failures, or each call, to `sink`; to the console unless given. Neither of them ends it. One sink at a time.
   */
  static traceNativeCodeCalls(
    traceFailure: boolean,
    traceEachCall = false,
    sink: (log: PowerAuthLog) => void = toConsole,
  ): void {
    stop?.();
    stop = undefined;
    if (!traceFailure && !traceEachCall) return;
    stop = listenToTrace((event) => {
      const failed = event.type === "failure" || typeof event.outcome === "string" || event.outcome >= 400;
      if (!traceEachCall && !failed) return;
      sink({ level: failed ? "error" : "debug", message: describe(event), timestamp: Date.now() });
    });
  }

  /** Configured instances, or the one of that id, and how many passwords and listeners each holds. */
  static async dumpNativeObjects(
    instanceId?: string,
  ): Promise<readonly { readonly id: string; readonly owned: number }[]> {
    return describeInstances().filter(({ id }) => instanceId === undefined || id === instanceId);
  }

  /** One line. Of what is no `PowerAuthError`, only its class: nobody knows what its text holds. */
  static describeError(error: unknown): string {
    if (error instanceof PowerAuthError) return error.print();
    return error instanceof Error ? error.name : typeof error;
  }
}

function describe(event: TraceEvent): string {
  return event.type === "exchange" ? `POST ${event.path}: ${event.outcome}` : `${event.instanceId}: ${event.code}`;
}

function toConsole({ level, message }: PowerAuthLog): void {
  // oxlint-disable-next-line no-console -- asked for by the caller
  console[level](`PowerAuth ${message}`);
}
