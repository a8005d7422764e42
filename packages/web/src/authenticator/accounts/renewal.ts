/** New keys for an Approve account before its old ones end: by itself where no person is needed, else where the person says so. */
import { signal } from "@preact/signals";
import type { ApproveAccount } from "./account.ts";

/** Accounts whose renewal asks for a password. */
export const toRenew = signal<readonly string[]>([]);

/** Milliseconds before the keys that sign have ended. */
const ahead = 24 * 3_600_000;
/** Of the key that opens what the server sends. */
const sessionAlgorithm = "ECDH-ES";
/** Since the page was opened: a server whose keys are short-lived is not asked for ever. */
const tried = new Set<string>();

export async function renewWhenDue(account: ApproveAccount): Promise<void> {
  const { container, id } = account;
  const due = container.renewalDate;
  if (due === null || Date.now() < due.getTime() - ahead || !container.isRenewable() || tried.has(id)) return;
  tried.add(id);
  const keys = await container.findKeys();
  // Secrets of one-time passwords are not renewed.
  const replaced = keys.filter(({ algorithm }) => algorithm === "ES256" || algorithm === sessionAlgorithm);
  if (replaced.some(({ protectionPolicy: { type } }) => type !== "DEVICE")) toRenew.value = [...toRenew.value, id];
  else await container.renew().catch(() => void tried.delete(id));
}

/**
 * `ask` is called for each password that protects a key, once. The SDK wipes what it is given, and goes on where it was when a
 * renewal was cut short.
 */
export async function renewWith(
  { container, id }: ApproveAccount,
  ask: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
): Promise<void> {
  const sdk = await import("@countersign/client/approve");
  const given = new Map<string, Uint8Array<ArrayBuffer>>();
  const passwordOf = async (policy: string) => {
    const password = given.get(policy) ?? (await ask());
    if (password !== undefined) given.set(policy, password);
    return password && Uint8Array.from(password);
  };
  const onEventReceived = async (event: InstanceType<typeof sdk.Event>) => {
    const password = event instanceof sdk.PasswordPromptEvent ? await passwordOf(event.passwordPolicy.id) : undefined;
    const result = new sdk.PasswordPromptResult(password === undefined ? "Cancel" : "Continue");
    if (password !== undefined) result.setPassword(password);
    return result;
  };
  try {
    const keys = await container.findKeys();
    const policy = keys.find(({ algorithm }) => algorithm === sessionAlgorithm)?.protectionPolicy;
    const password = policy === undefined || policy.type === "DEVICE" ? undefined : await passwordOf(policy.id);
    await container.renew(new sdk.ContainerRenewal({ password }), { onEventReceived });
    toRenew.value = toRenew.value.filter((one) => one !== id);
  } finally {
    for (const password of given.values()) password.fill(0);
  }
}
