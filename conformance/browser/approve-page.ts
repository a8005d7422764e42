/** Runs in a page: an Approve device whose containers are in IndexedDB and whose DEVICE keys scripts cannot read. */
import * as sdk from "@countersign/client/approve";
import { openIndexedDbStorage } from "@countersign/client/storage/indexeddb";
import { openWebCryptoKeys } from "@countersign/client/storage/webcrypto-keys";

const password = () => new TextEncoder().encode("correct horse 42");

async function open() {
  return sdk.DeviceFactory.getDevice({
    storage: await openIndexedDbStorage(),
    platformKeys: await openWebCryptoKeys(),
    platform: "web",
    osVersion: "1",
    passwordCost: { memory: 64, passes: 1 },
  });
}

const approveHands = {
  async enrol(offer: string): Promise<string> {
    const init = new sdk.ContainerInitialization({ activationCode: offer, name: "Browser" });
    const container = await (
      await open()
    ).createContainer(init, null, {
      onEventReceived() {
        const result = new sdk.PasswordPromptResult(sdk.EventResult.Code.Continue);
        result.setPassword(password());
        return result;
      },
    });
    return container.getUserId();
  },
  /** Answers the newest transaction, and gives the text that was shown. */
  async answer(status: string): Promise<string> {
    const device = await open();
    const [container] = await device.findContainers();
    const reference = (await container!.retrieveTransactionIds()).at(-1)!;
    const tx = await (await device.retrieveActionInfo(reference)).getAction();
    await tx.setStatus(status, password());
    return tx.toString();
  },
  async remove(): Promise<number> {
    const device = await open();
    const [container] = await device.findContainers();
    await container!.setName("Old browser");
    await device.deleteContainer(container!.getId());
    return (await device.findContainers()).length;
  },
};
export type ApproveHands = typeof approveHands;

Object.assign(globalThis, { approveHands });
