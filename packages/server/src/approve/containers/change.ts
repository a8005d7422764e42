/** What a container says of itself, and how it is reached: read and changed by the device (Approve protocol §11). */
import { toBase64Url, fromBase64 } from "@countersign/protocol/bytes";
import type { DeviceInfo, EnrolRecord, PushAddress } from "@countersign/protocol/approve/enrol";
import { noAnswer } from "@countersign/protocol/approve/response";
import { activationEvent, writeHistory } from "../../activations/activation.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { findGateway } from "../../push/configure.ts";
import { isToken } from "../../push/device.ts";
import { registerDevice } from "../../push/register.ts";
import { removeDevice } from "../../push/remove.ts";
import type { Change } from "../../store/store.ts";
import type { Container } from "../container.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { type Proven, redeemProof } from "../prove.ts";
import { holdContainer } from "./hold.ts";

export interface ContainerState {
  /** Last accepted, 0 before the first. */
  readonly seq: number;
  /** Digest of the last accepted answer (APV-RES-3). */
  readonly prev: string;
  readonly status: string;
  readonly name: string;
  /** Seconds. */
  readonly renewBefore?: number;
  readonly features: EnrolRecord["features"];
  /** VAPID key of the application's Web Push, where it has one. */
  readonly pushKey?: string;
}

export async function containerState(
  deps: Pick<Deps, "store" | "secrets">,
  { activation, row }: Container,
): Promise<ContainerState | Refusal> {
  const type = await findDeviceType(deps, row.device_type);
  if (isRefusal(type)) return type;
  const web = await findGateway(deps, { applicationId: activation.application_id, platform: "web" });
  const pushKey = isRefusal(web) ? undefined : (web as { readonly publicKey?: string }).publicKey;
  const last = activation.ctr_data === null ? undefined : fromBase64(activation.ctr_data);
  return {
    seq: activation.counter,
    prev: last === undefined ? noAnswer : toBase64Url(last),
    status: activation.status,
    name: activation.name ?? "",
    ...(row.renew_before !== null && { renewBefore: Math.floor(row.renew_before / 1000) }),
    features: { ...type.features, otp: type.otp.length > 0 },
    ...(pushKey !== undefined && { pushKey }),
  };
}

export interface ContainerChange {
  readonly device?: DeviceInfo;
  /** Null ends the registration. */
  readonly push?: PushAddress | null;
  readonly name?: string;
}

/**
 * Device and name are one commit; the push address follows, checked before. Refuses `push-registration`,
 * `proof-invalid` and what the container's state asks for. Writes `activation.renamed`, `container.changed`,
 * `push.device.registered`, `push.device.removed`.
 */
export async function changeContainer(
  deps: Pick<Deps, "store" | "random" | "secrets">,
  input: { readonly proven: Proven; readonly change: ContainerChange; readonly language: string },
): Promise<Refusal | undefined> {
  const { proven, language } = input;
  const { push } = input.change;
  if (push != null && !isToken(push.platform, push.token)) return refuse("push-registration");
  const refused = await deps.store.transaction((change) => write(deps, change, proven, input.change));
  if (refused !== undefined || push === undefined) return refused;
  const { id: activationId, application_id: applicationId } = proven.container.activation;
  if (push !== null) return registerDevice(deps, { activationId, ...push, language });
  await removeDevice(deps, { applicationId, activationId }, "device");
  return undefined;
}

async function write(
  deps: Pick<Deps, "store" | "random">,
  change: Change,
  { container: { activation }, claim }: Proven,
  { device, name }: ContainerChange,
): Promise<Refusal | undefined> {
  const held = await holdContainer(deps, change, activation.id);
  if (isRefusal(held)) return held;
  if (!(await redeemProof(change, claim))) return refuse("proof-invalid");
  if (device === undefined && name === undefined) return undefined;
  const { tenant } = deps.store;
  const row = await change.db
    .updateTable("activation")
    .set({
      changed_at: change.now,
      ...(name !== undefined && { name }),
      ...(device !== undefined && { platform: device.platform, device_info: device.model ?? null }),
    })
    .where("tenant", "=", tenant)
    .where("id", "=", activation.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  if (device !== undefined) {
    await change.db
      .updateTable("container")
      .set({ info: JSON.stringify(device) })
      .where("tenant", "=", tenant)
      .where("activation_id", "=", activation.id)
      .execute();
    change.record(activationEvent("container.changed", row, { by: "device" }));
  }
  if (name !== undefined) {
    await writeHistory(deps, change, row, { reason: "ACTIVATION_NAME_UPDATED" });
    change.record(activationEvent("activation.renamed", row, { by: "device" }));
  }
  return undefined;
}
