/**
 * The first API client: made once in the life of a database, its credentials left in a file only the operator can read.
 *
 * The file comes first and the client second: a start that dies between the two finds its credentials again. Whether
 * there was a first start stands in the database, so that a client an operator removed never comes back.
 */
import { constants } from "node:fs";
import { link, open, readFile, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toHex } from "@countersign/protocol/bytes";
import type { Deps } from "../deps.ts";
import type { Permission } from "./api-client.ts";
import { type Credentials, drawCredentials, insertApiClient } from "./create.ts";

/** Not `decide`: whoever needs it says so. */
const firstPermissions: readonly Permission[] = ["admin", "integrate", "operate", "relying-party"];
const setting = "bootstrap-client";
const fileName = "bootstrap.json";

type BootstrapDeps = Pick<Deps, "store" | "secrets" | "random">;

/**
 * Path of `bootstrap.json` ({clientId, clientSecret, …more}, mode 0600) in `directory`; never overwritten. Of several
 * nodes on one database the first makes the client; the others have the path, but no file.
 */
export async function bootstrapClient(
  deps: BootstrapDeps,
  directory: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = join(directory, fileName);
  if (await wasDone(deps)) return path;
  const draft = drawCredentials(deps, await deps.store.now());
  const written = await writeOnce(deps, path, { ...draft, ...more });
  const credentials = written ? draft : await readCredentials(path);
  const mine = await insertOnce(deps, credentials);
  // Another node was first: what this file holds opens nothing.
  if (!mine && written) await unlink(path);
  return path;
}

async function wasDone(deps: Pick<Deps, "store">): Promise<boolean> {
  const row = await deps.store.read
    .selectFrom("setting")
    .select("value")
    .where("tenant", "=", deps.store.tenant)
    .where("name", "=", setting)
    .executeTakeFirst();
  return row !== undefined;
}

async function insertOnce(deps: BootstrapDeps, credentials: Credentials): Promise<boolean> {
  return deps.store.transaction(async (change) => {
    const { numInsertedOrUpdatedRows } = await change.db
      .insertInto("setting")
      .values({ tenant: deps.store.tenant, name: setting, value: credentials.clientId })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) return false;
    const client = { name: "bootstrap", permissions: firstPermissions };
    if (!(await insertApiClient(deps, change, client, credentials))) throw new Error("A client named bootstrap exists");
    return true;
  });
}

/** Complete or not at all, and false where a file is already. */
async function writeOnce(deps: Pick<Deps, "random">, path: string, content: object): Promise<boolean> {
  const draft = `${path}.${toHex(deps.random(6))}`;
  const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    await syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** The name survives a power cut too, where the system can promise that. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

async function readCredentials(path: string): Promise<Credentials> {
  const content: unknown = JSON.parse(await readFile(path, "utf8"));
  const { clientId, clientSecret } = (content ?? {}) as Partial<Record<keyof Credentials, unknown>>;
  if (typeof clientId !== "string" || typeof clientSecret !== "string" || clientSecret.length < 43) {
    throw new Error(`${fileName} in the data directory has no credentials; move it away and start again`);
  }
  return { clientId, clientSecret };
}
