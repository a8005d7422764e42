/**
 * Runs the code of a guide as it stands on the page, against a running server, and holds what it prints against what
 * the page says.
 *
 * The `ts` fences of `docs/guides/<name>.md` become programs (`ts continues` goes on with the one before), with the
 * names of `tools/guide-names.ts` as constants. The page promises their output in `text prints` fences, where `…`
 * stands for any text on that line.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { application, type ConfigOfWorld, openWorld, type StoreOfWorld, type World } from "../world.ts";
import { modulesOf } from "../../tools/compile-fences.ts";
import type { GuideName } from "../../tools/guide-names.ts";
import { type Fence, readFences } from "../../tools/markdown.ts";
import { workspace } from "../../tools/source.ts";

export type GuideValues = Readonly<Record<GuideName, string>>;

export interface GuideWorld extends World {
  readonly values: GuideValues;
}

const sqlite: StoreOfWorld = { name: "sqlite", drop: async () => undefined };
const longestMs = 60_000;

/** A fresh server with the application and the user that guides speak of. The caller closes it. */
export async function openGuideWorld(store: StoreOfWorld = sqlite, config: ConfigOfWorld = {}): Promise<GuideWorld> {
  const world = await openWorld(store, config);
  const userId = "anna";
  const { masterPublicKey, versions } = await world.backOffice<{
    masterPublicKey: string;
    versions: { applicationKey: string; applicationSecret: string; mobileSdkConfig: string }[];
  }>("/rest/v3/application/detail", { applicationId: application });
  const { activationCode } = await world.backOffice<{ activationCode: string }>("/rest/v3/activation/init", {
    applicationId: application,
    userId,
    commitPhase: "ON_KEY_EXCHANGE",
  });
  const { applicationKey, applicationSecret, mobileSdkConfig } = versions[0]!;
  const { clientId, clientSecret } = world.credentials;
  const { publicUrl, privateUrl } = world.server;
  const values = {
    publicUrl,
    privateUrl,
    clientId,
    clientSecret,
    applicationId: application,
    applicationKey,
    applicationSecret,
    masterPublicKey,
    sdkConfiguration: mobileSdkConfig,
    userId,
    activationCode,
  };
  return { ...world, values };
}

/** The lines printed, in order. Fails when a program of the page fails, or prints something else than the page says. */
export async function runGuide(name: string, values: GuideValues): Promise<readonly string[]> {
  const page = `docs/guides/${name}.md`;
  const fences = readFences(readFileSync(join(workspace, page), "utf8"));
  const code = fences.filter(({ language, info }) => language === "ts" && !info.startsWith("no-check"));
  assert.ok(code.length > 0, `${page} has no code`);
  const constants = `const ${Object.entries(values)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    .join(", ")};`;
  const programs = modulesOf(
    code.map((fence) => ({ page, fence })),
    () => constants,
  );
  const printed: string[] = [];
  for (const [title, text] of programs) printed.push(...(await run(title, text)));
  assertPrinted(page, fences, printed);
  return printed;
}

/** Every promised line was printed, in order, and no other. */
export function assertPrinted(page: string, fences: readonly Fence[], printed: readonly string[]): void {
  const promised = fences
    .filter(({ language, info }) => language === "text" && info === "prints")
    .flatMap((fence) =>
      fence.text
        .trimEnd()
        .split("\n")
        .map((line, at) => ({ line, place: fence.line + at })),
    );
  for (const [at, { line, place }] of promised.entries()) {
    assert.match(printed[at] ?? "", patternOf(line), `${page}:${place} says\n${line}\nin\n${printed.join("\n")}`);
  }
  assert.equal(printed.length, promised.length, `${page} prints\n${printed.join("\n")}`);
}

/** Beside the packages, so that they are found by name; as JavaScript, because Node strips no types below node_modules. */
async function run(title: string, program: string): Promise<string[]> {
  const folder = join(workspace, "node_modules/.cache/countersign-guides");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${process.pid}+${title.replaceAll("/", "+").replace(/\.ts$/, ".mjs")}`);
  writeFileSync(file, stripTypeScriptTypes(program));
  try {
    const child = spawn(
      process.execPath,
      ["--conditions=@countersign/source", "--disable-warning=ExperimentalWarning", file],
      {
        stdio: ["ignore", "pipe", "pipe"],
        timeout: longestMs,
      },
    );
    const ended = new Promise((resolve) => child.once("close", (exit, signal) => resolve(exit ?? signal)));
    const [stdout, stderr] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
    assert.equal(await ended, 0, `${title} failed:\n${stdout}${stderr}`);
    return stdout === "" ? [] : stdout.trimEnd().split("\n");
  } finally {
    rmSync(file);
  }
}

function patternOf(line: string): RegExp {
  const parts = line.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
