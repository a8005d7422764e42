/** `node:assert/strict` in a page, as far as the storage contract uses it. */
function fail(what: string, actual: unknown, expected: unknown): never {
  throw new Error(`${what}: ${show(actual)} instead of ${show(expected)}`);
}

function show(value: unknown): string {
  return value instanceof Uint8Array ? `[${Array.from(value).join(" ")}]` : (JSON.stringify(value) ?? String(value));
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Uint8Array || Array.isArray(a)) {
    const [left, right] = [Array.from(a as ArrayLike<unknown>), Array.from((b ?? []) as ArrayLike<unknown>)];
    const alike = Object.getPrototypeOf(a) === Object.getPrototypeOf(b);
    return alike && left.length === right.length && left.every((item, index) => same(item, right[index]));
  }
  return false;
}

const assert = {
  equal(actual: unknown, expected: unknown): void {
    if (!Object.is(actual, expected)) fail("not equal", actual, expected);
  },
  deepEqual(actual: unknown, expected: unknown): void {
    if (!same(actual, expected)) fail("not equal", actual, expected);
  },
  async rejects(promise: Promise<unknown>, expected: unknown): Promise<void> {
    const error: unknown = await promise.then(
      () => fail("resolved", undefined, "a rejection"),
      (reason: unknown) => reason,
    );
    const isClass = typeof expected === "function" && expected.prototype instanceof Error;
    const fits = isClass
      ? error instanceof (expected as new () => Error)
      : (expected as (reason: unknown) => boolean)(error);
    if (!fits) fail("another error", error, expected);
  },
};

// oxlint-disable-next-line import/no-default-export -- as the module it stands in for
export default assert;
