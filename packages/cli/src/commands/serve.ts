/**
 * `countersign serve`: the server in this process. The ready line is the first thing on standard output, as JSON, for
 * whoever started it; the log goes to standard error.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { type Context, writes } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { usageFailure } from "../failure.ts";
import { listed, wholeNumber } from "../options.ts";
import { untilStopped } from "../stop.ts";

export interface ServeOptions {
  readonly data: string;
  readonly pages?: string;
  readonly authenticatorApplication?: string;
  readonly store?: string;
  readonly host?: string;
  readonly port?: number;
  readonly privateHost?: string;
  readonly privatePort?: number;
  readonly basePath?: string;
  readonly publicUrl?: string;
  readonly tenant?: string;
  readonly trustedProxy?: readonly string[];
  readonly clientCertificateHeader?: string;
  readonly clientCertificateVerifiedHeader?: string;
  readonly allowedOrigin?: readonly string[];
  readonly allowWidePrivate?: boolean;
  readonly consoleOpenid?: string;
}

/** Beside this command, in the package that holds them. */
export const builtPages: string = join(
  dirname(fileURLToPath(import.meta.resolve("@countersign/web/package.json"))),
  "dist",
);

export function serveCommand(program: Command, context: Context): void {
  const command = program
    .command("serve")
    .description("run a server until it is told to stop")
    .option("--data <dir>", "directory of data, keys and bootstrap.json", "./data")
    .option("--authenticator-application <id>", "whose codes may be typed into /authenticator")
    .option("--pages <dir>", "built pages for people, instead of those that came with this command")
    .option(
      "--store <url>",
      "postgres://… instead of the embedded store (COUNTERSIGN_STORE); needs COUNTERSIGN_MASTER_KEY",
    )
    .option("--host <address>", "public listener, for devices (default: 127.0.0.1)")
    .option("--port <n>", "0 for any (default: 8080)", wholeNumber)
    .option("--private-host <address>", "private listener, for back ends (default: 127.0.0.1)")
    .option("--private-port <n>", "0 for any (default: 8081)", wholeNumber)
    .option("--base-path <path>", "prefix of device addresses beside the bare ones (default: /enrollment-server)")
    .option("--public-url <url>", "issuer of receipts; fixed at the first start")
    .option("--tenant <name>", "first part of every key (default: default)")
    .option("--trusted-proxy <address>", "whose X-Forwarded-For is believed, repeatable", listed)
    .option("--client-certificate-header <name>", "in which it passes on a client's TLS certificate")
    .option("--client-certificate-verified-header <name>", "in which it says SUCCESS where the chain is verified")
    .option("--allowed-origin <origin>", "of a web application that may act as a device, repeatable", listed)
    .option("--console-openid <file>", "JSON: the OpenID provider at which operators log in to the console")
    .option("--allow-wide-private", "let the private listener bind beyond this machine without TLS");
  writes<ServeOptions>(context, command, async (options) => {
    const { terminal } = context;
    const server = await start(options, terminal.env.COUNTERSIGN_STORE, "stderr");
    // Before the ready line: whoever reads it may stop us at once.
    const stopped = untilStopped();
    const ready = { public: server.publicUrl, private: server.privateUrl, bootstrap: server.bootstrapPath };
    terminal.stdout.write(`${JSON.stringify(ready)}\n`);
    await stopped;
    await server.close();
    return exitCodes.ok.code;
  });
}

/** Starts the server with only those settings that were given; the rest have the server's own defaults. */
export async function start(options: ServeOptions, storeFromEnv: string | undefined, log: "stderr" | "silent") {
  const {
    data,
    pages = builtPages,
    store = storeFromEnv,
    trustedProxy,
    allowedOrigin,
    consoleOpenid,
    ...config
  } = options;
  if (store !== undefined && !/^postgres(ql)?:\/\//.test(store)) {
    throw usageFailure("--store takes a postgres:// address.", "without it, data is kept in the directory of --data");
  }
  const { serve } = await import("@countersign/server/main");
  return serve({
    dataDirectory: data,
    pages,
    log,
    ...(store !== undefined && { store }),
    config: {
      ...settings(config),
      ...(trustedProxy !== undefined && { trustedProxies: [...trustedProxy] }),
      ...(allowedOrigin !== undefined && { allowedOrigins: [...allowedOrigin] }),
      ...(consoleOpenid !== undefined && { consoleOpenId: readSettings(consoleOpenid) }),
    },
  });
}

/** The server checks what is in it. */
function readSettings(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw usageFailure(
      `${path} cannot be read, or is no JSON.`,
      "the guide to logging in to the console has an example",
    );
  }
}

type Settings = Omit<ServeOptions, "data" | "pages" | "store" | "trustedProxy" | "allowedOrigin" | "consoleOpenid">;

function settings(given: Settings) {
  const { host, port, privateHost, privatePort, basePath, publicUrl, tenant, allowWidePrivate } = given;
  const { clientCertificateHeader, clientCertificateVerifiedHeader, authenticatorApplication } = given;
  return {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(privateHost !== undefined && { privateHost }),
    ...(privatePort !== undefined && { privatePort }),
    ...(basePath !== undefined && { basePath }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(tenant !== undefined && { tenant }),
    ...(authenticatorApplication !== undefined && { authenticatorApplication }),
    ...(allowWidePrivate !== undefined && { allowWidePrivate }),
    ...(clientCertificateHeader !== undefined && { clientCertificateHeader }),
    ...(clientCertificateVerifiedHeader !== undefined && { clientCertificateVerifiedHeader }),
  };
}
