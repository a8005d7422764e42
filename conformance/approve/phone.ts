/**
 * A phone that is a process of its own, its keys in files: enrols or renews, and kills itself at its k-th step.
 * `node phone.ts DIRECTORY STEP OFFER|renew URL`; the server is reached at URL, whatever its name is. Exits
 * with 0 when it lived to the end.
 */
import { ConnectionConfiguration, ContainerInitialization, DeviceFactory } from "@countersign/client/approve";
import { openFileStorage } from "@countersign/client/storage/file";
import { contextOf, typing } from "./approve-world.ts";
import { mortal } from "./crash.ts";

const [directory = "", step = "", what = "", server = ""] = process.argv.slice(2);
const end = (): Promise<never> => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => undefined);
};
const life = mortal(await openFileStorage({ directory }), { step: Number(step), after: false }, end);
const device = await DeviceFactory.getDevice(
  contextOf({ storage: life.storage }),
  new ConnectionConfiguration({
    timeout: 10_000,
    fetch: (url, init) => life.fetch(server + new URL(url).pathname, init),
  }),
);
if (what === "renew") {
  const [container] = await device.findContainers();
  await container!.renew(null, typing());
} else {
  await device.createContainer(new ContainerInitialization({ activationCode: what }), null, typing());
}
