/** The counter in a file, with several processes and with death at any moment (PowerAuth 3.x, hash-based counter). */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import { readSignatureHeader } from "@countersign/protocol/powerauth/headers";
import { computeSignature, signatureBase, signedData } from "@countersign/protocol/powerauth/signature";
import { openFileStorage } from "../../src/storage/file.ts";
import { activationOf, activeDevice, possession, type TestDevice } from "../device.ts";

const root = await fs.mkdtemp(join(tmpdir(), "countersign-counter-"));
after(() => fs.rm(root, { recursive: true, force: true }));

async function fileDevice(name: string): Promise<TestDevice & { readonly directory: string }> {
  const directory = join(root, name);
  const device = await activeDevice({ storage: await openFileStorage({ directory }) });
  return { ...device, directory };
}

/** A process that signs `count` times with the device's activation; `headers` grows as they arrive. */
function signElsewhere(device: TestDevice & { readonly directory: string }, count: number) {
  const { directory, powerAuth, peer } = device;
  const args = [directory, powerAuth.instanceId, peer.configuration.configuration, String(count)];
  const execArgv = ["--conditions=@countersign/source"];
  const child = fork(join(import.meta.dirname, "signing-process.ts"), args, { execArgv });
  const headers: string[] = [];
  child.on("message", (header: string) => headers.push(header));
  return { child, headers };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** For each header, how many counter values after the activation's first one it was made with. */
function stepsOf({ peer }: TestDevice, headers: readonly string[]): number[] {
  const { keys, ctrData } = activationOf(peer);
  const values = [ctrData];
  for (let step = 0; step < 2_000; step++) values.push(nextCounter(nodeCrypto, values[step]!));
  return headers.map((value) => {
    const header = readSignatureHeader(value);
    assert.ok(!isFailure(header));
    const data = signedData(signatureBase("POST", "/x", header.nonce, utf8("{}")), toBase64(peer.applicationSecret));
    return values.findIndex((ctr) => {
      return computeSignature(nodeCrypto, header.version, [keys!.possession], ctr, data) === header.signature;
    });
  });
}

test("three processes on one storage never sign with the same counter value, and leave none out", async () => {
  const device = await fileDevice("parallel");
  const others = [signElsewhere(device, 40), signElsewhere(device, 40)];
  const own: string[] = [];
  for (let round = 0; round < 40; round++) {
    own.push((await device.powerAuth.requestSignature(possession(), "POST", "/x", "{}")).value);
  }
  await Promise.all(others.map(({ child }) => ended(child)));
  const steps = stepsOf(device, [...own, ...others.flatMap(({ headers }) => headers)]);
  assert.deepEqual(
    [...steps].sort((a, b) => a - b),
    Array.from({ length: 120 }, (_, step) => step),
  );
});

test("a process killed while it signs leaves a counter beyond every signature it gave out", async () => {
  const device = await fileDevice("killed");
  let highest = -1;
  for (let round = 0; round < 8; round++) {
    const { child, headers } = signElsewhere(device, 1_000);
    await once(child, "message");
    await new Promise((resolve) => setTimeout(resolve, 3 * round));
    child.kill("SIGKILL");
    await ended(child);
    const { value } = await device.powerAuth.requestSignature(possession(), "POST", "/x", "{}");
    const steps = stepsOf(device, [...headers, value]);
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => a - b),
    );
    assert.ok(steps[0]! > highest, "a value of an earlier process was used again");
    highest = steps.at(-1)!;
  }
});
