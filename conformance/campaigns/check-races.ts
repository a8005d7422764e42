/** Who won each race, and whether everybody was told so. Pure; for runs without faults in the machinery. */
import type { Violation } from "./checker.ts";
import type { Dump, OperationRow } from "./dump.ts";
import type { CancelEntry, DecideEntry, Entry } from "./history.ts";

type Rival = DecideEntry | CancelEntry;

const endOf = { approve: "APPROVED", reject: "REJECTED", cancel: "CANCELED" } as const;

/** What a rival who came too late is told, on the device's surface and on the bank's. */
const toldOf: Readonly<Record<string, readonly string[]>> = {
  APPROVED: ["OPERATION_ALREADY_FINISHED", "operation-finished"],
  REJECTED: ["OPERATION_ALREADY_FINISHED", "operation-finished"],
  CANCELED: ["OPERATION_ALREADY_CANCELED", "operation-canceled"],
  EXPIRED: ["OPERATION_EXPIRED", "operation-expired"],
};

export function checkRaces(entries: readonly Entry[], dump: Dump): Violation[] {
  const rivals = Map.groupBy(
    entries.filter((entry): entry is Rival => entry.kind === "decide" || entry.kind === "cancel"),
    ({ operation }) => operation,
  );
  const rows = new Map(dump.operations.map((row) => [row.id, row]));
  return [...rivals].flatMap(([id, all]) => checkRace(id, all, rows.get(id)));
}

function checkRace(id: string, rivals: readonly Rival[], row: OperationRow | undefined): Violation[] {
  if (row === undefined) return [{ rule: "create-kept", text: `${id}: the operation is not there` }];
  const winners = rivals.filter(({ status }) => status === 200);
  // Nobody won: then time did, whether that is written down yet or not.
  const end = row.status === "PENDING" && winners.length === 0 ? "EXPIRED" : row.status;
  const violations: Violation[] = [];
  if (winners.length > 1)
    violations.push({ rule: "one-winner", text: `${id}: ${winners.map(endFor).join(" and ")} were both told yes` });
  for (const winner of winners) {
    if (endFor(winner) !== end)
      violations.push({ rule: "told-consistently", text: `${id}: ${endFor(winner)} was told yes; it is ${end}` });
  }
  if (winners.length === 0 && end !== "EXPIRED")
    violations.push({ rule: "one-winner", text: `${id}: nobody was told yes; it is ${end}` });
  for (const loser of rivals.filter(({ status }) => status !== 200)) {
    if (toldOf[end]?.includes(loser.code ?? "") === true) continue;
    const told = loser.answered === undefined ? "nothing" : `${loser.status} ${loser.code}`;
    violations.push({
      rule: "told-consistently",
      text: `${id}: it is ${end}; who wanted ${endFor(loser)} was told ${told}`,
    });
  }
  return violations;
}

function endFor(rival: Rival): string {
  return endOf[rival.kind === "cancel" ? "cancel" : rival.action];
}
