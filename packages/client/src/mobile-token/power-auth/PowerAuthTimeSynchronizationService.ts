/** The server's time, as one instance knows it. */
import { currentTime, forgetTime, synchronizeTime } from "../../engine/time.ts";
import type { CallOptions } from "../../engine/transport.ts";
import { requireInstance, type Instance } from "../instances.ts";
import { asPowerAuthError } from "../PowerAuthError.ts";

/** All methods throw `INSTANCE_NOT_CONFIGURED`. Times are milliseconds. */
export class PowerAuthTimeSynchronizationService {
  readonly instanceId: string;

  constructor(instanceId: string) {
    this.instanceId = instanceId;
  }

  isTimeSynchronized(): Promise<boolean> {
    return this.#call(async ({ device }) => device.memory.clock.synchronized);
  }

  /** Since the epoch. By the device's clock until it is synchronised. */
  currentTime(): Promise<number> {
    return this.#call(async ({ device }) => currentTime(device));
  }

  /** Asks the server, even if its time is known. Throws `TIME_SYNCHRONIZATION`. */
  synchronizeTime(options?: CallOptions): Promise<void> {
    return this.#call(({ device }) => synchronizeTime(device, options));
  }

  /** Also done whenever the application comes to the foreground: the device's clock may have been set meanwhile. */
  resetTimeSynchronization(): Promise<void> {
    return this.#call(async ({ device }) => forgetTime(device));
  }

  /** What is added to the device's clock. */
  localTimeAdjustment(): Promise<number> {
    return this.#call(async ({ device }) => device.memory.clock.adjustment);
  }

  /** Half the round trip of the answer the adjustment came from. */
  localTimeAdjustmentPrecision(): Promise<number> {
    return this.#call(async ({ device }) => device.memory.clock.precision);
  }

  async #call<T>(run: (instance: Instance) => Promise<T>): Promise<T> {
    try {
      return await run(requireInstance(this.instanceId));
    } catch (error) {
      throw asPowerAuthError(error);
    }
  }
}
