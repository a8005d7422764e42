/** What lies between the two halves of a password change: the old password, proven, for one use. */
import type { ValidatedState } from "../../engine/password.ts";
import { findInstance, type Instance } from "../instances.ts";
import { PowerAuthError } from "../PowerAuthError.ts";

const lifetime = 300_000;

/** Made by `beginPasswordChange`. Good once, for five minutes, as long as its instance is configured. */
export class PowerAuthPasswordChangeData {
  readonly #instance: Instance;
  readonly #validated: ValidatedState;
  readonly #password: Uint8Array;
  readonly #expiresAt: number;
  readonly #owned = { end: () => this.#wipe() };
  #isAlive = true;

  /** @internal Copies the password. */
  constructor(instance: Instance, validated: ValidatedState, password: Uint8Array) {
    this.#instance = instance;
    this.#validated = validated;
    this.#password = password.slice();
    this.#expiresAt = instance.device.now() + lifetime;
    instance.owned.add(this.#owned);
  }

  /** Wipes the password. May be called again. */
  async release(): Promise<void> {
    this.#wipe();
  }

  /** @internal Runs `run` once, whatever comes of it. Throws `INVALID_NATIVE_OBJECT`. */
  async use<T>(instance: Instance, run: (validated: ValidatedState, password: Uint8Array) => Promise<T>): Promise<T> {
    const { device } = this.#instance;
    const isUsable = this.#isAlive && device.now() < this.#expiresAt && findInstance(device.instanceId) === instance;
    try {
      if (isUsable && instance === this.#instance) return await run(this.#validated, this.#password);
      throw new PowerAuthError("INVALID_NATIVE_OBJECT", "The password change is over");
    } finally {
      this.#wipe();
    }
  }

  #wipe(): void {
    this.#isAlive = false;
    this.#password.fill(0);
    this.#instance.owned.delete(this.#owned);
  }
}
