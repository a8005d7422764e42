/** One at a time per key on this node: a second proven request of an activation waits for the first one's commit. */
export interface InFlight {
  /** Runs `work` when nothing else runs for `key`. `waited` tells it that what it knew may be old. */
  run<T>(key: string, work: (waited: boolean) => Promise<T>): Promise<T>;
}

export function inFlight(): InFlight {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(key, work) {
      const before = tails.get(key);
      const mine = (before ?? Promise.resolve()).then(
        () => work(before !== undefined),
        () => work(true),
      );
      tails.set(key, mine);
      try {
        return await mine;
      } finally {
        if (tails.get(key) === mine) tails.delete(key);
      }
    },
  };
}
