/** A person reported something: whatever carries the report, and what follows from it, are one commit (APV-CAN-2). */
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal } from "../../errors.ts";
import type { HotCommand } from "../../store/store.ts";
import type { Container } from "../container.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { commitWithin } from "../within.ts";
import { holdUser, suspend, sweepSuspended } from "./suspension.ts";

/** Commits the command; unless it is refused, the user gets no transactions and none of those that waited. */
export async function withCountermeasures<T>(
  deps: Pick<Deps, "store">,
  { activation, row }: Container,
  command: HotCommand<T | Refusal>,
): Promise<T | Refusal> {
  const type = await findDeviceType(deps, row.device_type);
  if (isRefusal(type)) throw new Error("A container has no device type");
  const { user_id: userId, application_id: applicationId } = activation;
  const result = await deps.store.transaction(async (change) => {
    const held = await holdUser(deps, change, userId);
    const outcome = await commitWithin(deps, change, command);
    if (isRefusal(outcome)) return outcome;
    await suspend(deps, change, held, {
      userId,
      applicationId,
      cause: "report",
      seconds: type.countermeasures.disabledTimeReset,
      suspensions: held.suspensions + 1,
    });
    return outcome;
  });
  if (!isRefusal(result)) await sweepSuspended(deps, userId);
  return result;
}
