/** The server under measurement: a process of its own, prepared over its real HTTP, with devices that sign ahead. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchDevice, activateDevice } from "./device.ts";
import { type Child, startChild } from "./child.ts";
import { httpRequest, load } from "./load.ts";

export const authorizePath = "/api/auth/token/app/operation/authorize";
const authorizeUri = "/operation/authorize";
export const application = "bench";
export const template = "bench-payment";
const dataTemplate = "A1*A${amount}${currency}*I${iban}**N${note}";

export interface Subject {
  readonly pid: number;
  readonly dataDirectory: string;
  readonly publicTarget: { readonly host: string; readonly port: number };
  readonly privateTarget: { readonly host: string; readonly port: number };
  /** Header of the API client that the first start made. */
  readonly authorization: string;
  readonly devices: readonly BenchDevice[];
  /** Creates `count` operations for the device's user and returns id and data of each. */
  createOperations(device: number, count: number): Promise<readonly OperationToSign[]>;
  stop(): Promise<void>;
}

export interface OperationToSign {
  readonly id: string;
  readonly data: string;
}

interface Ready {
  readonly public: string;
  readonly private: string;
  readonly bootstrap: string;
}

export async function startSubject(deviceCount: number, storeUrl?: string): Promise<Subject> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  const args = ["serve", "--data", dataDirectory, "--port", "0", "--private-port", "0"];
  if (storeUrl !== undefined) args.push("--store", storeUrl);
  const child: Child<Ready> = await startChild("packages/cli/src/main.ts", args);
  const { clientId, clientSecret } = JSON.parse(readFileSync(child.ready.bootstrap, "utf8")) as Record<string, string>;
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  const ask = async <T>(path: string, requestObject: object): Promise<T> => {
    const response = await fetch(child.ready.private + path, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ requestObject }),
    });
    const body = (await response.json()) as { responseObject: T };
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(body)}`);
    return body.responseObject;
  };

  const made = await ask<{ versions?: { mobileSdkConfig: string }[] }>("/rest/v3/application/create", {
    applicationId: application,
  }).then(() =>
    ask<{ versions: { mobileSdkConfig: string }[] }>("/rest/v3/application/detail", { applicationId: application }),
  );
  await ask("/rest/v3/operation/template/create", {
    templateName: template,
    operationType: "payment",
    dataTemplate,
    signatureType: ["POSSESSION_KNOWLEDGE"],
    maxFailureCount: 1_000_000,
    expiration: 3600,
  });
  const configuration = made.versions?.[0]?.mobileSdkConfig ?? "";
  const devices: BenchDevice[] = [];
  for (let index = 0; index < deviceCount; index++) {
    const { activationCode } = await ask<{ activationCode: string }>("/rest/v3/activation/init", {
      applicationId: application,
      userId: `user-${index}`,
      // More than one round of wrong PINs; a right one between rounds forgives them.
      maxFailureCount: 64,
      commitPhase: "ON_KEY_EXCHANGE",
    });
    devices.push(await activateDevice(child.ready.public, configuration, activationCode));
  }
  const privateUrl = new URL(child.ready.private);
  const publicUrl = new URL(child.ready.public);

  return {
    pid: child.pid,
    dataDirectory,
    publicTarget: { host: publicUrl.hostname, port: Number(publicUrl.port) },
    privateTarget: { host: privateUrl.hostname, port: Number(privateUrl.port) },
    authorization,
    devices,
    async createOperations(device, count) {
      const body = JSON.stringify({
        requestObject: {
          userId: `user-${device}`,
          applications: [application],
          templateName: template,
          parameters: { amount: "1250.00", currency: "EUR", iban: "CZ2730300000001165254011", note: "Rent, November" },
        },
      });
      const request = httpRequest("/rest/v3/operation/create", { authorization }, body);
      const operations: OperationToSign[] = [];
      let left = count;
      await load(
        { host: privateUrl.hostname, port: Number(privateUrl.port) },
        Math.min(16, count),
        () => (left-- > 0 ? request : undefined),
        (_worker, status, answer) => {
          if (status !== 200) throw new Error(`Create answered ${status}: ${answer}`);
          operations.push((JSON.parse(answer) as { responseObject: OperationToSign }).responseObject);
        },
      );
      return operations;
    },
    async stop() {
      await child.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

export type SignedHow = "sign" | "signWrongPin" | "signUnproven";

/** One authorize request per operation, signed ahead, in the order in which they must be sent. */
export function authorizeRequests(
  device: BenchDevice,
  operations: readonly OperationToSign[],
  how: SignedHow,
): Buffer[] {
  return operations.map(({ id, data }) => {
    const body = JSON.stringify({ requestObject: { id, data } });
    return httpRequest(authorizePath, device[how](authorizeUri, body), body);
  });
}
