/**
 * Enrolment and renewal of an Approve container under SIGKILL, at every step: of the server's process around each request,
 * of the device's around each request and each write of a file. What is left is a container that answers and renews.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  ConnectionConfiguration,
  type Container,
  ContainerInitialization,
  type Device,
  DeviceFactory,
} from "@countersign/client/approve";
import { openFileStorage } from "@countersign/client/storage/file";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { newOperation } from "../campaigns/bank.ts";
import { type Fleet, startFleet } from "../campaigns/fleet.ts";
import { closeConnections, isLost } from "../campaigns/http.ts";
import { removeFolder, temporaryFolder } from "../campaigns/temporary.ts";
import { stores } from "../world.ts";
import { bytes, contextOf, password, typing } from "./approve-world.ts";

/** When the server dies: with the request under way, or right after it has answered. */
const moments = ["underway", "answered"] as const;
type Moment = (typeof moments)[number];
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

for (const store of await stores()) {
  describe(`kills around Approve containers on ${store.name}`, () => {
    let fleet: Fleet;
    let users = 0;
    before(async () => {
      fleet = await startFleet({ processes: 1, store: store.url });
      await call("PUT", "/v1/device-types/phone", { applicationId: fleet.app.applicationId });
    });
    after(async () => {
      await fleet.close();
      closeConnections();
      await store.drop();
    });

    const call = async (method: "GET" | "POST" | "PUT", path: string, body?: object) => {
      const answer = await fleet.bank.call(method, path, body);
      if (isLost(answer) || answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer)}`);
      return answer.json as Record<string, string>;
    };
    const offerFor = async (userId: string) =>
      (await call("POST", "/v1/offers", { userId, deviceType: "phone" })).offer as string;

    /** The server keeps its name and comes back at another port. */
    const reach: Fetch = async (url, init) => {
      const { pathname, search } = new URL(url);
      return fetch(`${(await fleet.servers[0]!.up()).public}${pathname}${search}`, init);
    };

    /** The `at`-th request is the one at which the server dies. */
    function killingFetch(at: number, moment: Moment): { fetch: Fetch; killed: () => boolean } {
      let requests = 0;
      let killed = false;
      const restart = async () => {
        const [server] = fleet.servers;
        await server!.kill("SIGKILL");
        await server!.start();
      };
      return {
        killed: () => killed,
        async fetch(url, init) {
          if (requests++ !== at) return reach(url, init);
          killed = true;
          const sent = reach(url, init).then(async (answer) => {
            const body = await answer.arrayBuffer();
            return new Response(answer.status === 204 ? null : body, answer);
          });
          sent.catch(() => undefined);
          if (moment === "answered") await sent;
          await restart();
          return sent;
        },
      };
    }

    async function everyKill(life: (network: Fetch) => Promise<void>): Promise<number> {
      let kills = 0;
      for (let at = 0; ; at++) {
        let killed = false;
        for (const moment of moments) {
          const network = killingFetch(at, moment);
          await life(network.fetch);
          killed ||= network.killed();
          if (network.killed()) kills++;
        }
        if (!killed) return kills;
      }
    }

    const deviceWith = (storage: ReturnType<typeof createMemoryStorage>, network: Fetch = reach) =>
      DeviceFactory.getDevice(contextOf({ storage }), new ConnectionConfiguration({ timeout: 30_000, fetch: network }));

    async function approves(device: Device, container: Container): Promise<void> {
      const operation = newOperation(fleet.app, container.userId, `kill ${++users}`);
      const { id } = await call("POST", "/v1/operations", operation);
      const [reference] = await container.retrieveTransactionIds();
      const tx = await (await device.retrieveActionInfo(reference!)).getAction();
      assert.equal(await tx.setStatus("approve", bytes(password)), true);
      assert.equal((await call("GET", `/v1/operations/${id}`)).status, "APPROVED");
    }

    /** One container, and it does what a container does. */
    async function usable(device: Device): Promise<void> {
      const containers = await device.findContainers();
      assert.equal(containers.length, 1);
      await approves(device, containers[0]!);
      await containers[0]!.renew(null, typing());
      await approves(device, containers[0]!);
    }

    /** What the server has for the user, whatever the device believes. */
    async function containersOf(userId: string): Promise<number> {
      const { items } = (await call("GET", `/v1/containers?userId=${encodeURIComponent(userId)}`)) as {
        items?: unknown;
      };
      return (items as readonly unknown[]).length;
    }

    it("a server killed at any request of enrolment: the same code gives one usable container (APV-OFF-4, APV-ENR-9)", async () => {
      const kills = await everyKill(async (network) => {
        const storage = createMemoryStorage();
        const userId = `user ${++users}`;
        const init = new ContainerInitialization({ activationCode: await offerFor(userId) });
        const made = await (
          await deviceWith(storage, network)
        )
          .createContainer(init, null, typing())
          .catch(() => undefined);
        const again = await deviceWith(storage);
        if (made === undefined && (await again.findContainers()).length === 0) {
          await again.createContainer(init, null, typing());
        }
        await usable(again);
        assert.equal(await containersOf(userId), 1);
      });
      assert.ok(kills >= moments.length, `${kills} kills`);
    });

    it("a server killed at any request of renewal leaves a container that answers and renews (APV-REN-2)", async () => {
      const kills = await everyKill(async (network) => {
        const storage = createMemoryStorage();
        const userId = `user ${++users}`;
        const init = new ContainerInitialization({ activationCode: await offerFor(userId) });
        await (await deviceWith(storage)).createContainer(init, null, typing());
        const [container] = await (await deviceWith(storage, network)).findContainers();
        await container!.renew(null, typing()).catch(() => undefined);
        await usable(await deviceWith(storage));
        assert.equal(await containersOf(userId), 1);
      });
      assert.ok(kills >= 2 * moments.length, `${kills} kills`);
    });

    // What a device keeps does not depend on the server's store.
    if (store.name !== "sqlite") return;

    /**
     * Deaths of a phone's process before each of its steps, and one life to the end. Death after a step is death before
     * the next: nothing of a process is left but its files.
     */
    async function everyDeath(
      life: (directory: string, run: (what: string) => Promise<boolean>) => Promise<boolean>,
    ): Promise<number> {
      const oneLife = async (step: number) => {
        const directory = temporaryFolder("phone");
        const { public: url } = await fleet.servers[0]!.up();
        const run = (what: string) => phoneDies([directory, String(step), what, url]);
        return life(directory, run).finally(() => removeFolder(directory));
      };
      for (let step = 0; ; step += 2) {
        const died = await Promise.all([oneLife(step), oneLife(step + 1)]);
        if (died.includes(false)) return step + died.filter(Boolean).length;
      }
    }

    it("a device killed at any step of enrolment goes on from its files with the same code (APV-ENR-9)", async () => {
      const deaths = await everyDeath(async (directory, run) => {
        const userId = `user ${++users}`;
        const offer = await offerFor(userId);
        const died = await run(offer);
        const device = await deviceWith(await openFileStorage({ directory }));
        if ((await device.findContainers()).length === 0) {
          await device.createContainer(new ContainerInitialization({ activationCode: offer }), null, typing());
        }
        await usable(device);
        assert.equal(await containersOf(userId), 1);
        return died;
      });
      assert.ok(deaths >= 8, `${deaths} deaths`);
    });

    it("a device killed at any step of renewal answers and renews from its files (APV-REN-2)", async () => {
      const deaths = await everyDeath(async (directory, run) => {
        const userId = `user ${++users}`;
        const init = new ContainerInitialization({ activationCode: await offerFor(userId) });
        await (await deviceWith(await openFileStorage({ directory }))).createContainer(init, null, typing());
        const died = await run("renew");
        await usable(await deviceWith(await openFileStorage({ directory })));
        return died;
      });
      assert.ok(deaths >= 6, `${deaths} deaths`);
    });
  });
}

const phone = join(import.meta.dirname, "phone.ts");

/** Whether it was killed. Throws when it failed otherwise. */
async function phoneDies(args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, ["--conditions=@countersign/source", phone, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (part: Buffer) => (errors += part.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`The phone failed:\n${errors}`);
  return signal === "SIGKILL";
}
