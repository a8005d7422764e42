/** Where published vectors lie: outside this repository, which holds only its own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBase64, fromHex, type Bytes } from "@countersign/protocol/bytes";

const repository = fileURLToPath(new URL("../../../../../", import.meta.url));

export const publishedFolder: string = resolve(
  repository,
  process.env.COUNTERSIGN_PUBLISHED_VECTORS ?? "../shared/vectors",
);

export const arePresent: boolean = existsSync(join(publishedFolder, "reference"));

export type Values = Readonly<Record<string, string>>;

export interface PublishedRow {
  readonly input: Values;
  readonly output: Values;
}

export function readPublished<Content>(path: string): Content {
  return JSON.parse(readFileSync(join(publishedFolder, path), "utf8")) as Content;
}

export function listPublished(folder: string): string[] {
  return readdirSync(join(publishedFolder, folder)).map((name) => `${folder}/${name}`);
}

export function base64(text: string | undefined): Bytes {
  const bytes = text === undefined ? undefined : fromBase64(text);
  if (bytes === undefined) throw new Error("a published member is not Base64");
  return bytes;
}

export function hex(text: string | undefined): Bytes {
  const bytes = text === undefined ? undefined : fromHex(text);
  if (bytes === undefined) throw new Error("a published member is not hexadecimal");
  return bytes;
}
