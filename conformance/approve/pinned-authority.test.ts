/** In Node a device takes servers of the authority that it was given, and of no other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ContainerInitialization, RemoteException, ServerOperationFailedException } from "@countersign/client/approve";
import { pinnedFetch } from "@countersign/client/node/pinned-fetch";
import { deviceOf } from "./approve-world.ts";

describe("a pinned authority", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-authority-"));
  const asked: string[] = [];
  let url: string;
  let close: () => void;

  before(async () => {
    for (const name of ["ours", "another"]) {
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
      const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", "/CN=authority"];
      const made = ["req", "-x509", ...key, ...files, "-addext", "subjectAltName=IP:127.0.0.1"];
      execFileSync("openssl", made, { cwd: folder, stdio: "pipe" });
    }
    const server = createServer({ cert: pem("ours.pem"), key: pem("ours.key") }, (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(400, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ code: "offer-unknown" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => {
      server.closeAllConnections();
      server.close();
    };
  });
  after(() => {
    close();
    rmSync(folder, { recursive: true });
  });

  const pem = (name: string) => readFileSync(join(folder, name), "utf8");
  const register = async (authority: string, serverUrl = url) => {
    const device = await deviceOf({}, pinnedFetch({ authorities: pem(authority) }));
    return device.createContainer(new ContainerInitialization({ userId: "anna", inviteCode: "code", serverUrl }));
  };

  it("reaches its own servers", async () => {
    await assert.rejects(register("ours.pem"), ServerOperationFailedException);
    assert.deepEqual(asked, ["POST /approve/v1/offers"]);
  });

  it("refuses another chain and another name before anything is sent", async () => {
    asked.length = 0;
    await assert.rejects(register("another.pem"), RemoteException);
    await assert.rejects(register("ours.pem", url.replace("127.0.0.1", "localhost")), RemoteException);
    assert.deepEqual(asked, []);
  });
});
