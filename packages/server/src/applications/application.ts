/** The application: what its name may be, and its master key. */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import type { PrivateKey } from "@countersign/protocol/crypto";
import type { Deps } from "../deps.ts";

/** Names that people choose: short, and nothing that a database or a terminal stumbles over. */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= 255 && fromUtf8(utf8(text)) === text && !/[\u0000-\u001f\u007f]/.test(text);
}

/** KEY_SERVER_MASTER_PRIVATE of an application, opened for one use. Undefined when there is no such application. */
export async function masterKeyOf(
  deps: Pick<Deps, "store" | "secrets" | "crypto">,
  applicationId: string,
): Promise<PrivateKey | undefined> {
  const row = await deps.store.read
    .selectFrom("application")
    .select("master_private_sealed")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", applicationId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const key = deps.crypto.importPrivateKey(deps.secrets.open(masterKeyPlace(applicationId), row.master_private_sealed));
  if (key === undefined) throw new Error("Stored master key is not valid");
  return key;
}

export function masterKeyPlace(applicationId: string): { table: string; column: string; row: string } {
  return { table: "application", column: "master_private_sealed", row: applicationId };
}
