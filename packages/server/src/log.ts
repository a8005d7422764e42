/**
 * Logs go to stderr as JSON lines. Nothing that a user typed, signed or keeps secret is ever handed to the logger;
 * the redaction below is the second line of defence, not the first.
 */
import { type Logger, pino } from "pino";

export type LogTarget = "stderr" | "silent";

export function createLog(target: LogTarget): Logger {
  return pino(
    {
      level: target === "silent" ? "silent" : "info",
      base: null,
      redact: ["*.authorization", "*.password", "*.secret", "*.signature", "*.body", "*.query", "req.headers"],
      serializers: {
        req: (request: { method: string; routeOptions?: { url?: string } }) => ({
          method: request.method,
          route: request.routeOptions?.url ?? "unknown",
        }),
      },
    },
    process.stderr,
  );
}
