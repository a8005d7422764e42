/**
 * A device that dies at its k-th step: each write to its storage and each HTTP exchange is one, and it dies before or after
 * it. What is left is the storage, on which the next start goes on.
 */
import type { DeviceContext } from "@countersign/client/approve";

type DeviceStorage = DeviceContext["storage"];

export interface Death {
  /** From 0 on. */
  readonly step: number;
  /** Whether the step itself still happened: the write is durable, the server has acted. */
  readonly after: boolean;
}

export class Died extends Error {}

/** Steps are counted over storage and network together; `end` may end more than the device. */
export function mortal(
  storage: DeviceStorage,
  death: Death | undefined,
  end: () => Promise<void> = () => Promise.resolve(),
) {
  let steps = 0;
  let dead = false;

  async function step<T>(run: () => Promise<T>): Promise<T> {
    if (dead) throw new Died();
    const isLast = death !== undefined && steps++ === death.step;
    if (death === undefined) steps++;
    if (isLast && !death.after) {
      dead = true;
      await end();
      throw new Died();
    }
    const result = await run();
    if (isLast) {
      dead = true;
      await end();
      throw new Died();
    }
    return result;
  }

  const alive = <T>(run: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Died()) : run());

  return {
    storage: {
      protection: storage.protection,
      get: (key) => alive(() => storage.get(key)),
      set: (key, value) => step(() => storage.set(key, value)),
      remove: (key) => step(() => storage.remove(key)),
      withLock: (name, run) => alive(() => storage.withLock(name, run)),
    } satisfies DeviceStorage,
    fetch: (url: string, init: RequestInit) => step(() => fetch(url, init)),
    isDead: () => dead,
    steps: () => steps,
  };
}

/** Runs `life` with a death at every step of it, before and after, until it survives. Gives the number of deaths. */
export async function everyDeath(life: (death: Death) => Promise<{ readonly died: boolean }>): Promise<number> {
  let deaths = 0;
  for (let step = 0; ; step++) {
    let died = false;
    for (const after of [false, true]) died = (await life({ step, after })).died || died;
    if (!died) return deaths;
    deaths += 2;
  }
}
