/** The issuer of receipts: configuration, or the first start's own address; fixed from then on. */
import type { Kysely } from "kysely";
import type { Schema } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

const settingName = "public-url";

export interface PublicUrl {
  /** Throws before the first start has fixed it. */
  value(): string;
  /** Keeps `address` when nothing was fixed before; the database's word counts when two nodes start at once. */
  fix(address: string): Promise<void>;
}

/** Throws when configuration contradicts what was fixed: receipts out there name the old issuer. */
export async function fixPublicUrl(store: Store, configured: string | undefined): Promise<PublicUrl> {
  let known = await fixedPublicUrl(store.read, store.tenant);
  if (known !== undefined && configured !== undefined && known !== configured) {
    throw new Error(`The public URL of this data is ${known}; it cannot be changed to ${configured}.`);
  }
  const write = async (value: string) => {
    await store.transaction(async ({ db }) => {
      await db
        .insertInto("setting")
        .values({ tenant: store.tenant, name: settingName, value })
        .onConflict((conflict) => conflict.columns(["tenant", "name"]).doNothing())
        .execute();
    });
    known = await fixedPublicUrl(store.read, store.tenant);
  };
  if (known === undefined && configured !== undefined) await write(configured);
  return {
    value() {
      if (known === undefined) throw new Error("The public URL is not fixed yet");
      return known;
    },
    async fix(address) {
      if (known === undefined) await write(address);
    },
  };
}

/** Undefined before the first start. */
export async function fixedPublicUrl(db: Kysely<Schema>, tenant: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("setting")
    .select("value")
    .where("tenant", "=", tenant)
    .where("name", "=", settingName)
    .executeTakeFirst();
  return row?.value;
}
