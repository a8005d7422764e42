/** Where the private API is and who asks: from the command line, the environment, or the file the first start wrote. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Failure, usageFailure } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export interface Connection {
  readonly privateUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ConnectionOptions {
  readonly url?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly bootstrap?: string;
}

const defaultBootstrap = "./data/bootstrap.json";

export function withConnection(command: Command): Command {
  return command
    .option("--url <url>", "address of the private API (COUNTERSIGN_URL)")
    .option("--client-id <id>", "API client (COUNTERSIGN_CLIENT_ID)")
    .option("--client-secret <secret>", "better in COUNTERSIGN_CLIENT_SECRET: others see a command line")
    .option("--bootstrap <file>", `the three from this file; ${defaultBootstrap} if not given (COUNTERSIGN_BOOTSTRAP)`);
}

/** The command line goes before the environment, and both before the file, value by value. */
export function connectionOf({ env }: Terminal, options: ConnectionOptions): Connection {
  const privateUrl = options.url ?? env.COUNTERSIGN_URL;
  const clientId = options.clientId ?? env.COUNTERSIGN_CLIENT_ID;
  const clientSecret = options.clientSecret ?? env.COUNTERSIGN_CLIENT_SECRET;
  if (privateUrl !== undefined && clientId !== undefined && clientSecret !== undefined) {
    return checked({ privateUrl, clientId, clientSecret });
  }
  const given = options.bootstrap ?? env.COUNTERSIGN_BOOTSTRAP;
  const file = readBootstrap(given ?? defaultBootstrap);
  return checked({
    privateUrl: privateUrl ?? file.privateUrl,
    clientId: clientId ?? file.clientId,
    clientSecret: clientSecret ?? file.clientSecret,
  });
}

/** Reads what the first start of a server wrote for its operator. */
export function readBootstrap(path: string): Connection {
  const hint = "start a server with `countersign serve`, or give --url, --client-id and COUNTERSIGN_CLIENT_SECRET";
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("usage", "no-credentials", `No credentials: ${path} cannot be read.`, { hint, cause });
  }
  try {
    const { privateUrl, clientId, clientSecret } = JSON.parse(text) as Partial<Connection>;
    if (privateUrl !== undefined && clientId !== undefined && clientSecret !== undefined) {
      return { privateUrl, clientId, clientSecret };
    }
  } catch {
    // Falls through: whatever it is, it is no bootstrap file.
  }
  throw new Failure("usage", "no-credentials", `${path} is not a bootstrap file.`, { hint });
}

function checked(connection: Connection): Connection {
  const { privateUrl } = connection;
  const isHttp = URL.canParse(privateUrl) && /^https?:$/.test(new URL(privateUrl).protocol);
  if (!isHttp) throw usageFailure(`${privateUrl} is not an http address.`);
  return { ...connection, privateUrl: privateUrl.replace(/\/+$/, "") };
}
