/** Whose operation a scanned text is, if anybody's: its signature tells, by a key of one of the accounts. */
import { type QrOperation, QrOperationParser, SigningKey } from "@countersign/client/mobile-token";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { accounts } from "../accounts/accounts.ts";

export async function genuineFor(
  text: string,
): Promise<{ readonly operation: QrOperation; readonly account: MobileTokenAccount } | undefined> {
  const operation = read(text);
  if (operation === undefined) return undefined;
  const { signingKey, signatureString } = operation.signature;
  for (const account of accounts.value ?? []) {
    if (account.kind !== "mobile-token") continue;
    const byMasterKey = signingKey === SigningKey.MASTER;
    const isGenuine = await account.powerAuth
      .verifyServerSignedData(operation.signedData, signatureString, byMasterKey)
      .catch(() => false);
    if (isGenuine) return { operation, account };
  }
  return undefined;
}

function read(text: string): QrOperation | undefined {
  try {
    return QrOperationParser.parse(text);
  } catch {
    return undefined;
  }
}
