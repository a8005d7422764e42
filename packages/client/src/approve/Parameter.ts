/** A named value that a call may be given. */
export class Parameter {
  readonly key: string;
  readonly value: string | Uint8Array;

  constructor(key: string, value: string | Uint8Array) {
    this.key = key;
    this.value = value;
  }

  getKey(): string {
    return this.key;
  }

  getValue(): string | Uint8Array {
    return this.value;
  }
}

/** `null`, `undefined` and leaving it out are the same, here and wherever a call takes it. */
export type Parameters = readonly Parameter[] | null | undefined;
