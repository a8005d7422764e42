/** Content that a command sends as it is. What it has to be is the server's to say; here it only has to be JSON. */
import { readFileSync } from "node:fs";
import { Failure } from "./failure.ts";

/** `-` for standard input. */
export function readJsonFile<Content extends object>(file: string): Content {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new Failure("usage", "usage", `${file} cannot be read.`, { cause });
  }
  try {
    return JSON.parse(text) as Content;
  } catch (cause) {
    throw new Failure("usage", "usage", `${file} is not JSON.`, { cause });
  }
}
