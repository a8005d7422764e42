/**
 * A real browser for tests: sources bundled as an application's own bundler would, served at `localhost` (a secure
 * context with a name, as passkeys need), opened in the Chromium of the machine. Without one, tests are skipped.
 */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, CDPSession, Page } from "playwright-core";
import { build, type Rolldown } from "vite";
import { workspace } from "./source.ts";

export interface Bundle {
  readonly code: string;
  /** Absolute paths of what went in and was not shaken off. */
  readonly modules: readonly string[];
}

/** One ES module. `alias` maps a module's name to the file that stands in for it. */
export async function bundle(entry: string, alias: Readonly<Record<string, string>> = {}): Promise<Bundle> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: workspace,
    resolve: { alias, conditions: ["@countersign/source", "browser", "module", "import", "default"] },
    build: { write: false, minify: "oxc", target: "es2022", lib: { entry, formats: ["es"], fileName: "bundle" } },
  });
  const outputs = [result].flat() as Rolldown.RolldownOutput[];
  const chunks = outputs.flatMap(({ output }) => output.filter((part) => part.type === "chunk"));
  const [chunk] = chunks;
  if (chunk === undefined || chunks.length > 1) throw new Error(`${entry}: ${chunks.length} chunks instead of one`);
  const modules = Object.entries(chunk.modules).filter(([, { renderedLength }]) => renderedLength > 0);
  return { code: chunk.code, modules: modules.map(([name]) => name) };
}

const executable = process.env.COUNTERSIGN_CHROMIUM ?? "/usr/bin/chromium";
export const noBrowser = existsSync(executable) ? undefined : `Chromium: not found at ${executable}`;

/** `more` are arguments beside those that make it quiet. */
export async function startChromium(more: readonly string[] = []): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    ...more,
  ];
  return chromium.launch({ executablePath: executable, args });
}

export interface VirtualAuthenticator {
  /** Takes the commands of the DevTools domain WebAuthn. */
  readonly devtools: CDPSession;
  readonly authenticatorId: string;
}

/** The page's own device gets passkeys with `prf`; the person is there and is verified, at once. */
export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { devtools, authenticatorId };
}

/** Serves an empty page that loads the module, at any path. */
export async function servePage(code: string): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const page =
    '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="/module.js"></script>';
  const server = createServer((request, response) => {
    const isModule = request.url === "/module.js";
    const type = isModule ? "text/javascript" : "text/html";
    response.writeHead(200, { "content-type": type }).end(isModule ? code : page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
