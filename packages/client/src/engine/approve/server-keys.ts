/** The server's keys as a device pins them, and what they verify (Approve protocol §10). */
import { isFailure } from "@countersign/protocol/errors";
import { importVerifier } from "@countersign/protocol/approve/jws";
import { type Message, type Read, readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { followChain, type PinnedKey } from "@countersign/protocol/approve/server-keys";
import type { ApproveDevice } from "./device.ts";
import { ApproveError } from "./errors.ts";
import { ask } from "./exchange.ts";
import { changeState, type ContainerState, loadState } from "./state.ts";

/** Whether one of these keys made it. `unknown` when its key is not among them. */
export async function verifiedBy<Claims extends { readonly iat: number }>(
  pinned: readonly PinnedKey[],
  read: Read<Claims>,
): Promise<"right" | "wrong" | "unknown"> {
  const key = pinned.find(({ jwk }) => jwk.kid === read.kid);
  if (key === undefined) return "unknown";
  if (key.retiredAt !== undefined && read.claims.iat > key.retiredAt) return "wrong";
  const verifier = await importVerifier(key.jwk);
  return isFailure(verifier) || isFailure(await verifyMessage(read, verifier)) ? "wrong" : "right";
}

/**
 * Reads a message of the server and verifies it with the keys pinned for the server; one by a newer key fetches the chain
 * that leads there (APV-ROT-2). Throws `message-wrong`, and `network` where a chain was needed.
 */
export async function verifiedMessage<Claims extends { readonly iss: string; readonly iat: number }>(
  device: ApproveDevice,
  container: Pick<ContainerState, "id" | "iss">,
  message: Message<Claims>,
  text: string,
): Promise<Read<Claims>> {
  const read = readMessage(message, text);
  if (isFailure(read) || read.claims.iss !== container.iss) throw wrong(message);
  let answer = await verifiedBy(await pinnedFor(device, container.iss), read);
  if (answer === "unknown") answer = await verifiedBy(await followKeys(device, container), read);
  if (answer !== "right") throw wrong(message);
  return read;
}

/** What any container of this server has pinned: they are keys of one server. */
export async function pinnedFor(device: Pick<ApproveDevice, "storage">, iss: string): Promise<readonly PinnedKey[]> {
  const { containers } = await loadState(device);
  const all = containers.filter((one) => one.iss === iss).flatMap(({ pinned }) => pinned);
  // A key that one container knows as retired is retired.
  const kids = [...new Set(all.map(({ jwk }) => jwk.kid))];
  return kids.flatMap((kid) => {
    const same = all.filter(({ jwk }) => jwk.kid === kid);
    return same.find(({ retiredAt }) => retiredAt !== undefined) ?? same.slice(0, 1);
  });
}

/** Pins what the chain leads to, in every container of the server. A chain that does not hold changes nothing. */
export async function followKeys(
  device: ApproveDevice,
  { id, iss }: Pick<ContainerState, "id" | "iss">,
): Promise<readonly PinnedKey[]> {
  const followed = await keysAfter(device, { id, iss }, await pinnedFor(device, iss));
  await changeState(device, (state) => ({
    state: {
      ...state,
      containers: state.containers.map((one) => (one.iss === iss ? { ...one, pinned: followed } : one)),
    },
    result: undefined,
  }));
  return followed;
}

/** Where the server's chain leads from these keys. Pins nothing. Throws `message-wrong` where it does not hold. */
export async function keysAfter(
  device: ApproveDevice,
  { id, iss }: { readonly id: string | undefined; readonly iss: string },
  pinned: readonly PinnedKey[],
): Promise<readonly PinnedKey[]> {
  const newest = pinned.findLast(({ retiredAt }) => retiredAt === undefined) ?? pinned.at(-1);
  if (newest === undefined) throw new ApproveError("message-wrong", "No key of the server is pinned");
  const path = `/approve/v1/keys?from=${encodeURIComponent(newest.jwk.kid)}`;
  const { chain } = await ask(device, device.connectionOf(id), { iss, method: "GET", path });
  const links = Array.isArray(chain) && chain.every((link) => typeof link === "string") ? chain : undefined;
  const followed = links && (await followChain(iss, pinned, links));
  if (followed === undefined) throw new ApproveError("message-wrong", "The server's chain of keys does not hold");
  return followed;
}

function wrong({ typ }: { readonly typ: string }): ApproveError {
  return new ApproveError("message-wrong", `The ${typ} is not one of the server's`);
}
