/** Where the built pages are: beside this command, in the package that holds them. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const builtPages: string = join(
  dirname(fileURLToPath(import.meta.resolve("@countersign/web/package.json"))),
  "dist",
);
