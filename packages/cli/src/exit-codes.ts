/** What a script may rely on after `countersign` has ended. The texts are shown by `countersign --help`. */
export const exitCodes = {
  ok: { code: 0, meaning: "done" },
  failed: { code: 1, meaning: "refused or failed; the message says why" },
  usage: { code: 2, meaning: "the command line is not valid; nothing was done" },
  notVerified: { code: 3, meaning: "verification failed: a receipt, the audit, rows of an import" },
  unavailable: { code: 4, meaning: "nobody answered, or the server cannot work now; try again" },
  inUse: { code: 5, meaning: "another process uses the data directory or the profile" },
  undecided: { code: 6, meaning: "the time to wait is over and nothing was decided" },
  interrupted: { code: 130, meaning: "stopped by Ctrl-C" },
} as const;

export type ExitName = keyof typeof exitCodes;

export function exitCodesHelp(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ["Exit codes:", ...rows].join("\n");
}
