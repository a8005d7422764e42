/** What wrong passwords cost. */
import type { LockRecord } from "@countersign/protocol/approve/policy";

export type LockType = "NONE" | "COUNTER" | "DELAY" | "SILENT";

export abstract class LockPolicy {
  abstract readonly type: LockType;

  getType(): LockType {
    return this.type;
  }
}

/** Nothing. */
export class NoLock extends LockPolicy {
  readonly type = "NONE";
}

/** `counter` wrong passwords one after another destroy the keys. */
export class CounterLock extends LockPolicy {
  readonly type = "COUNTER";
  readonly counter: number;

  constructor(counter: number) {
    super();
    this.counter = counter;
  }

  getCounter(): number {
    return this.counter;
  }
}

/** `delay` seconds to wait after the first wrong password, doubled by each further one, `counter` times at most. */
export class DelayLock extends LockPolicy {
  readonly type = "DELAY";
  readonly delay: number;
  readonly counter: number;

  constructor(delay: number, counter: number) {
    super();
    this.delay = delay;
    this.counter = counter;
  }

  getDelay(): number {
    return this.delay;
  }
  getCounter(): number {
    return this.counter;
  }
}

/** The device cannot tell a wrong password from the right one; the server can, and counts. */
export class SilentLock extends LockPolicy {
  readonly type = "SILENT";
}

export function lockPolicyOf({ type, delay = 0, counter = 0 }: LockRecord): LockPolicy {
  switch (type) {
    case "none":
      return new NoLock();
    case "counter":
      return new CounterLock(counter);
    case "delay":
      return new DelayLock(delay, counter);
    case "silent":
      return new SilentLock();
  }
}
