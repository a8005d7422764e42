/** What to say of a refused PIN: how many tries the server leaves. */
import type { MobileTokenAccount } from "../accounts/account.ts";
import type { Texts } from "../texts/texts.ts";

export async function wrongPinText({ powerAuth }: MobileTokenAccount, t: Texts): Promise<string> {
  const status = await powerAuth.fetchActivationStatus().catch(() => undefined);
  if (status === undefined) return t.pin.wrong;
  return status.state === "ACTIVE" ? t.pin.wrongLeft(status.remainingAttempts) : t.pin.blocked;
}
