/**
 * Renewal in two phases (Approve protocol §11), as steps that a crash may fall between. The old keys work until the new ones
 * are in the vault; from then on the acknowledgement is sent, again if need be, before anything else is asked of the server.
 */
import { renewRecord } from "@countersign/protocol/approve/enrol";
import { makeKeyProof } from "@countersign/protocol/approve/key-proof";
import { keyUses } from "@countersign/protocol/approve/keys";
import { signMessage } from "@countersign/protocol/approve/message";
import { renewAck } from "@countersign/protocol/approve/renew";
import { type Caller, callAs, callerOf, freshNonce } from "./call.ts";
import { dated, serverSeconds } from "./clock.ts";
import type { ApproveDevice } from "./device.ts";
import { freshOf, heldOf } from "./enrolment/enrol.ts";
import { ApproveError, isUnknownOutcome } from "./errors.ts";
import { textOf } from "./exchange.ts";
import type { Credential } from "./key-vault.ts";
import { askPasswords, isKept, openRecord, type Prompt, wipe } from "./enrolment/record.ts";
import { followKeys, pinnedFor, verifiedBy } from "./server-keys.ts";
import {
  changeContainer,
  type ContainerState,
  digestOf,
  keyOf,
  requireContainer,
  type StoredRecord,
  unique,
} from "./state.ts";

/** The container and its proof, after a renewal that only waits for its acknowledgement is completed. */
export async function activeCaller(
  device: ApproveDevice,
  id: string,
): Promise<{ readonly container: ContainerState; readonly caller: Caller }> {
  const { renewal } = await requireContainer(device, id);
  const run = () => readyCaller(device, id);
  return renewal?.record === undefined ? run() : device.storage.withLock(lockName(id), run);
}

/** Under the lock of renewals, where one is under way. */
async function readyCaller(device: ApproveDevice, id: string) {
  const container = await completed(device, await requireContainer(device, id));
  return { container, caller: await callerOf(device, container) };
}

function lockName(id: string): string {
  return `approve/renewing/${id}`;
}

/** All four keys are replaced; the container stays. `credential` opens the session key. */
export function renew(
  device: ApproveDevice,
  id: string,
  credential: Credential,
  prompt: Prompt,
): Promise<ContainerState> {
  return device.storage.withLock(lockName(id), async () => {
    const { container, caller } = await readyCaller(device, id);
    if (!container.features.renew) throw new ApproveError("feature-off", "The server does not renew containers");
    // Before anything is made: a wrong password changes nothing.
    const opener = await device.vaultOf(id).opener(keyOf(container, "enc").kid, credential);
    try {
      return await replaceKeys(device, container, caller, opener.open.bind(opener), prompt);
    } catch (error) {
      if (error instanceof ApproveError && !isUnknownOutcome(error)) await forget(device, id);
      throw error;
    }
  });
}

async function replaceKeys(
  device: ApproveDevice,
  container: ContainerState,
  caller: Caller,
  open: (jwe: string) => Promise<string | undefined>,
  prompt: Prompt,
): Promise<ContainerState> {
  const { id, renewal } = container;
  const vault = device.vaultOf(id);
  const left = await vault.reload(renewal?.handles ?? []);
  const goesOn = renewal?.record !== undefined && left.length === keyUses.length;
  const { fresh, record } = goesOn
    ? { fresh: left, record: renewal.record }
    : await recorded(device, container, caller, open);
  const passwords = await askPasswords(record, prompt);
  try {
    const keys = record.keys.map(({ use, kid, policy }) => ({ fresh: freshOf(fresh, use), kid, policyId: policy }));
    await vault.keep({ keys, secrets: [], policies: record.policies, passwords });
  } finally {
    wipe(passwords);
  }
  return completed(device, await requireContainer(device, id));
}

/** The server has the new keys beside the old ones, and its record of them is stored, in the place of the request. */
async function recorded(
  device: ApproveDevice,
  container: ContainerState,
  caller: Caller,
  open: (jwe: string) => Promise<string | undefined>,
) {
  const { id, iss } = container;
  const { fresh, body } = await requested(device, container, caller);
  const answer = await callAs(device, caller, { method: "POST", path: "/approve/v1/container/renewal", body });
  const { record, containerKid } = await openRecord(renewRecord, answer.record, {
    iss,
    transcript: digestOf(device, body),
    open,
    async verify(read) {
      const known = await verifiedBy(await pinnedFor(device, iss), read);
      return (known === "unknown" ? await verifiedBy(await followKeys(device, container), read) : known) === "right";
    },
  });
  if (record.cid !== container.cid || record.user !== container.user || containerKid !== keyOf(container, "enc").kid) {
    throw new ApproveError("message-wrong", "The server's record is of another container");
  }
  requireSamePolicies(container, record);
  const { otp: _, ...stored } = record;
  await changeContainer(device, id, ({ renewal: { body: __, ...made } = { handles: [] }, ...one }) => ({
    ...one,
    renewal: { ...made, record: stored },
  }));
  return { fresh, record: stored };
}

/** The fresh keys and the request of them, made now or by an attempt that was cut short. */
async function requested(device: ApproveDevice, container: ContainerState, caller: Caller) {
  const { id, cid, iss } = container;
  const { pop } = caller;
  const vault = device.vaultOf(id);
  const { handles = [], body: known } = container.renewal ?? {};
  const left = await vault.reload(handles);
  if (known !== undefined && left.length === keyUses.length) return { fresh: left, body: known };
  const fresh = await vault.generate(keyUses);
  const keys = fresh.map(({ use, jwk }) => ({ use, jwk }));
  // Tells the time as well.
  await freshNonce(device, caller);
  const payload = { cid, nonce: unique(device), iat: serverSeconds(device, iss), aud: iss, keys };
  const voucher = { kid: keyOf(container, "pop").kid, sign: pop.sign.bind(pop) };
  const body = textOf(await makeKeyProof("apv-renew+jws", payload, fresh, voucher));
  const renewal = { handles: fresh.map(({ handle }) => handle), popJwk: freshOf(fresh, "pop").jwk, body };
  await changeContainer(device, id, (one) => ({ ...one, renewal }));
  return { fresh, body };
}

/** With the new keys in the vault: tells the server, then makes them the container's. Without them, it changes nothing. */
async function completed(device: ApproveDevice, container: ContainerState): Promise<ContainerState> {
  const { id, cid, iss, renewal } = container;
  const { record, popJwk } = renewal ?? {};
  const vault = device.vaultOf(id);
  if (record === undefined || popJwk === undefined) return container;
  if (!(await isKept(vault, record))) return container;
  const { kid } = keyOf(record, "pop");
  const pop = await vault.signer(kid, {});
  const caller = { id, cid, iss, popJwk, pop };
  await dated(device, iss, async () => {
    const claims = { iss: cid, aud: iss, cid, transcript: record.transcript, iat: serverSeconds(device, iss) };
    const ack = await signMessage(renewAck, claims, { kid, sign: (data) => pop.sign(data) });
    await callAs(device, caller, {
      method: "POST",
      path: "/approve/v1/container/renewal/ack",
      body: JSON.stringify({ ack }),
      // The same again gets the same answer (APV-REN-2).
      repeatable: true,
    });
  });
  const old = container.keys.map((key) => key.kid);
  const renewed = await changeContainer(device, id, ({ renewal: _, ...one }) => ({ ...one, ...after(record), popJwk }));
  await vault.drop(old);
  return renewed;
}

/** APV-REN-4: nobody takes the password from a key by renewing it. */
function requireSamePolicies(container: ContainerState, record: StoredRecord): void {
  const of = ({ keys, policies }: Pick<StoredRecord, "keys" | "policies">) =>
    JSON.stringify(keyUses.map((use) => keyOf({ keys }, use).policy).map((policy) => [policy, policies[policy]]));
  if (of(record) === of(container)) return;
  throw new ApproveError("message-wrong", "The server's record protects the keys otherwise than before");
}

/** The person's own name for the container stays, and what is pinned comes by the chain of keys only. */
function after(record: StoredRecord) {
  const { name: _, ...held } = heldOf(record);
  return { ...held, transcript: record.transcript };
}

/** After a refusal the next renewal makes keys anew; those that the vault has taken over stay to be acknowledged. */
async function forget(device: ApproveDevice, id: string): Promise<void> {
  await changeContainer(device, id, ({ renewal, ...one }) =>
    renewal?.record === undefined ? one : { ...one, renewal },
  );
}
