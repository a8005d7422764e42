/**
 * Writes `exchanges.json` anew: `npm exec -- node --conditions=@countersign/source conformance/recorded/record.ts`. Only
 * after the SDK draws randomness in another order or sends something else on purpose; the test shows what changed.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AnotherServer } from "./another-server.ts";
import { type Given, liveThrough } from "./exchange.ts";

export interface Recording {
  readonly given: Given;
  readonly exchanges: readonly {
    readonly path: string;
    readonly request: unknown;
    readonly status: number;
    readonly response: unknown;
  }[];
  readonly digits: string;
}

export const recordingFile = join(import.meta.dirname, "exchanges.json");
const now = Date.UTC(2025, 5, 29, 12);

export function givenBy(server: AnotherServer): Given {
  const { version: protocolVersion, applicationKey, applicationSecret, activationCode } = server;
  const masterServerPublicKey = server.masterPublicKey;
  return { protocolVersion, applicationKey, applicationSecret, masterServerPublicKey, activationCode, now };
}

if (import.meta.main) {
  const recordings: Recording[] = [];
  for (const version of ["3.1", "3.2", "3.3"] as const) {
    const server = new AnotherServer(version, () => now);
    const exchanges: Recording["exchanges"][number][] = [];
    let digits = "";
    await liveThrough(givenBy(server), {
      async post(path, body, headers) {
        const { status, body: response } = server.answer({ path, body, headers });
        exchanges.push({ path, request: JSON.parse(body), status, response });
        return Response.json(response, { status });
      },
      retype: (shown) => void (digits = shown),
    });
    recordings.push({ given: givenBy(server), exchanges, digits });
  }
  writeFileSync(recordingFile, `${JSON.stringify(recordings, null, 1)}\n`);
}
