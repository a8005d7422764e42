/**
 * Bundles a client that was written for another vendor's PowerAuth object, unchanged, with ours in its place.
 * The SDK itself stays outside of the bundle, so that client and test have the same one.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Rolldown } from "vite";

const sdk = "@countersign/client/mobile-token";
const root = join(import.meta.dirname, "../..");

/** `entry` is the client's first source file, or a bundle that still imports its PowerAuth package by name. */
export async function loadClient(entry: string): Promise<Record<string, unknown>> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root,
    resolve: {
      alias: {
        "react-native-powerauth-mobile-sdk": sdk,
        "cordova-powerauth-mobile-sdk": sdk,
        "react-native": join(import.meta.dirname, "react-native.ts"),
        buffer: "node:buffer",
      },
    },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      lib: { entry, formats: ["es"], fileName: "client" },
      rolldownOptions: { external: [sdk, /^node:/] },
    },
  });
  const [{ output }] = [result].flat() as [Rolldown.RolldownOutput];
  // Inside the workspace, so that the SDK's name is found from there.
  const directory = join(root, "node_modules/.cache/countersign");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `existing-client-${process.pid}.mjs`);
  writeFileSync(file, output[0].code);
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}
