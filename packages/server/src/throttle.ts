/**
 * Limits work for callers who have proved nothing, by client address. A request whose possession component verified
 * never comes here, so nobody without the device can lock its owner out.
 */
export interface Throttle {
  /** Counts one unproven request of this address. False when the address has used up its budget. */
  allow(address: string): boolean;
}

const addressesKept = 50_000;

/** A token bucket per address that refills evenly over a minute. `now` in ms, from any start. Oldest addresses are forgotten first. */
export function addressThrottle(perMinute: number, now: () => number): Throttle {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    allow(address) {
      const at = now();
      const bucket = buckets.get(address) ?? { tokens: perMinute, at };
      const elapsed = Math.max(0, at - bucket.at);
      bucket.tokens = Math.min(perMinute, bucket.tokens + (elapsed * perMinute) / 60_000);
      bucket.at = at;
      buckets.delete(address);
      buckets.set(address, bucket);
      if (buckets.size > addressesKept) buckets.delete(buckets.keys().next().value as string);
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
}
