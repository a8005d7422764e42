/** Pointers to transactions (Approve protocol §5): read with the network cut, and what waits for a container. */
import { isFailure } from "@countersign/protocol/errors";
import { readMessage } from "@countersign/protocol/approve/message";
import { reference, type ReferenceClaims, referenceKind } from "@countersign/protocol/approve/reference";
import { callAs } from "../call.ts";
import type { ApproveDevice } from "../device.ts";
import { ApproveError } from "../errors.ts";
import { followKeys, pinnedFor, verifiedBy } from "../server-keys.ts";
import { activeCaller } from "../renew.ts";
import { type ContainerState, loadState } from "../state.ts";

export interface Pointed {
  readonly container: ContainerState;
  readonly claims: ReferenceClaims;
  /** As it came. The server wants it back where it names no container. */
  readonly text: string;
}

/**
 * Which container is meant, and that its server says so. Asks the network only when the key is newer than those pinned.
 * `user` chooses among several containers of the server. Throws `container-unknown`, `container-ambiguous`,
 * and `parameter-invalid` for what is no reference of this server.
 */
export async function readReference(device: ApproveDevice, text: string, user?: string): Promise<Pointed> {
  const bare = bareReference(text.trim());
  const read = readMessage(reference, bare);
  const kind = isFailure(read) ? undefined : referenceKind(read.claims);
  if (isFailure(read) || kind === undefined) throw new ApproveError("parameter-invalid", "This is no transaction id");
  const { claims } = read;
  const { containers } = await loadState(device);
  const container = pointedAt(containers, claims, user);
  let answer = await verifiedBy(await pinnedFor(device, claims.iss), read);
  if (answer === "unknown") answer = await verifiedBy(await followKeys(device, container), read);
  if (answer !== "right") throw new ApproveError("parameter-invalid", "The transaction id is not one of this server");
  return { container, claims, text: bare };
}

/** A QR code may hold a link, for devices without this library. */
function bareReference(text: string): string {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
  return new URLSearchParams(new URL(text).hash.slice(1)).get("ref") ?? "";
}

function pointedAt(
  containers: readonly ContainerState[],
  { iss, cid }: ReferenceClaims,
  user: string | undefined,
): ContainerState {
  const ofServer = containers.filter((one) => one.iss === iss);
  const named = cid === undefined ? ofServer : ofServer.filter((one) => one.cid === cid);
  const chosen = user === undefined ? named : named.filter((one) => one.user === user);
  const [container, another] = chosen;
  if (container === undefined)
    throw new ApproveError("container-unknown", "The transaction is for no container of this device");
  if (another !== undefined) {
    const users = [...new Set(chosen.map((one) => one.user))];
    throw new ApproveError("container-ambiguous", "Several containers of this device match: choose a user", { users });
  }
  return container;
}

/** References of what waits for this container, oldest first (APV-DEV-1). */
export async function pendingReferences(device: ApproveDevice, container: ContainerState): Promise<readonly string[]> {
  const { caller } = await activeCaller(device, container.id);
  const path = "/approve/v1/transactions";
  const { references } = await callAs(device, caller, { method: "GET", path, repeatable: true });
  const valid = Array.isArray(references) && references.every((one) => typeof one === "string");
  if (!valid) throw new ApproveError("message-wrong", "The server's list cannot be read");
  return references;
}
