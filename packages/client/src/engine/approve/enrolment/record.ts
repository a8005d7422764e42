/** The server's record of a container, as it comes after enrolment and renewal: opened, verified, and held against what was sent. */
import { isFailure } from "@countersign/protocol/errors";
import type { EnrolRecord } from "@countersign/protocol/approve/enrol";
import { readEnvelope } from "@countersign/protocol/approve/jwe";
import { keyUses } from "@countersign/protocol/approve/keys";
import { type Message, type Read, readMessage } from "@countersign/protocol/approve/message";
import { protocolVersion } from "@countersign/protocol/approve/transaction";
import { ApproveError } from "../errors.ts";
import type { KeyVault } from "../key-vault.ts";
import type { ContainerState } from "../state.ts";
import type { Bytes } from "@countersign/protocol/bytes";

/** What a prompt is told, and the password that comes of it. Rejects with `prompt-cancelled`. */
export type Prompt = (asked: {
  readonly policyId: string;
  readonly record: Pick<EnrolRecord, "policies">;
}) => Promise<Bytes>;

/** What of a record says under which policies something is kept. */
type Policed = Pick<EnrolRecord, "keys" | "policies"> & { readonly otp?: ContainerState["otp"] | undefined };

export interface Expected {
  readonly iss: string;
  /** Digest of the request's bytes (APV-ENR-5). */
  readonly transcript: string;
  readonly open: (jwe: string) => Promise<string | undefined>;
  /** Whether a key of the server made it. */
  readonly verify: (read: Read<EnrolRecord>) => Promise<boolean>;
}

export interface Opened {
  readonly record: EnrolRecord;
  readonly serverKid: string;
  /** Name of the key it was encrypted to. */
  readonly containerKid: string;
}

/** Throws `message-wrong` and `version`. */
export async function openRecord(message: Message<EnrolRecord>, jwe: unknown, expected: Expected): Promise<Opened> {
  const parties = typeof jwe === "string" ? readEnvelope(jwe) : undefined;
  if (parties === undefined || isFailure(parties)) throw wrong("not encrypted");
  const text = await expected.open(jwe as string);
  const read = text === undefined ? undefined : readMessage(message, text);
  if (read === undefined || isFailure(read)) throw wrong("unreadable");
  const record = read.claims;
  if (read.kid !== parties.serverKid || !(await expected.verify(read))) throw wrong("not the server's");
  if (record.iss !== expected.iss || record.aud !== record.cid) throw wrong("for another container");
  if (record.transcript !== expected.transcript) throw wrong("about another request");
  if (record.minVer > protocolVersion) throw new ApproveError("version", "The server asks for a newer version");
  const uses = new Set(record.keys.map(({ use }) => use));
  const named = record.keys.every(({ policy }) => Object.hasOwn(record.policies, policy));
  const otpNamed = (record.otp ?? []).every(({ policy }) => Object.hasOwn(record.policies, policy));
  if (uses.size !== keyUses.length || !named || !otpNamed) throw wrong("without its keys' policies");
  if (record.policies[policyOf(record, "pop")]?.type !== "DEVICE") throw wrong("with a pop key that asks the person");
  return { record, ...parties };
}

/** One prompt for each policy that has a password and is used. */
export async function askPasswords(record: Policed, prompt: Prompt): Promise<Map<string, Bytes>> {
  const used = new Set([...record.keys, ...(record.otp ?? [])].map(({ policy }) => policy));
  const passwords = new Map<string, Bytes>();
  try {
    for (const policyId of used) {
      if (record.policies[policyId]?.type === "DEVICE") continue;
      passwords.set(policyId, await prompt({ policyId, record }));
    }
    return passwords;
  } catch (error) {
    wipe(passwords);
    throw error;
  }
}

export function wipe(passwords: ReadonlyMap<string, Bytes>): void {
  for (const password of passwords.values()) password.fill(0);
}

/** Whether the vault holds every key that the record names. */
export async function isKept(vault: KeyVault, { keys }: Pick<EnrolRecord, "keys">): Promise<boolean> {
  const kept = new Set((await vault.keys()).map(({ kid }) => kid));
  return keys.every(({ kid }) => kept.has(kid));
}

function policyOf({ keys }: EnrolRecord, use: string): string {
  return keys.find((key) => key.use === use)?.policy ?? "";
}

function wrong(why: string): ApproveError {
  return new ApproveError("message-wrong", `The server's record is ${why}`);
}
