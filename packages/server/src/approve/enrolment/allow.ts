/** Whether a device may enrol: the rules of its type, and how many devices its user has (APV-ENR-8). */
import type { DeviceInfo } from "@countersign/protocol/approve/enrol";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { Change } from "../../store/store.ts";
import type { DeviceType, EnrolmentRules } from "../device-types/device-type.ts";

/** Refuses `device-not-allowed` with the type's own words, or `too-many-devices`. Undefined when it may. */
export async function enrolmentDefect(
  deps: Pick<Deps, "store">,
  change: Change,
  type: DeviceType,
  userId: string,
  device: DeviceInfo,
): Promise<Refusal | undefined> {
  if (!isAllowed(type.rules, device)) return refuse("device-not-allowed", type.rules.message);
  if (type.maxDevices === 0) return undefined;
  const { devices } = await change.db
    .selectFrom("activation as a")
    .innerJoin("container as c", (join) =>
      join.onRef("c.tenant", "=", "a.tenant").onRef("c.activation_id", "=", "a.id"),
    )
    .select((e) => e.fn.countAll<number>().as("devices"))
    .where("a.tenant", "=", deps.store.tenant)
    .where("a.user_id", "=", userId)
    .where("a.status", "in", ["ACTIVE", "BLOCKED"])
    .where("c.device_type", "=", type.id)
    .executeTakeFirstOrThrow();
  return devices >= type.maxDevices ? refuse("too-many-devices") : undefined;
}

function isAllowed(rules: EnrolmentRules, device: DeviceInfo): boolean {
  if (rules.hardwareKeysRequired && !device.hardwareKeys) return false;
  if (!rules.rootedAllowed && device.rooted === true) return false;
  if (rules.platforms.length === 0) return true;
  return rules.platforms.some(
    ({ platform, minVersion, maxVersion }) =>
      platform === device.platform &&
      (minVersion === undefined || compareVersions(device.osVersion, minVersion) >= 0) &&
      (maxVersion === undefined || compareVersions(device.osVersion, maxVersion) <= 0),
  );
}

/** Numbers between dots, missing ones zero; what is no number is zero too. */
function compareVersions(a: string, b: string): number {
  const numbers = (text: string) => text.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
