/**
 * A password that is typed into bytes which are wiped after use, instead of into a string that nobody can wipe.
 */
import { equalBytes, utf8, type Bytes } from "@countersign/protocol/bytes";
import { requireInstance, type Instance } from "./instances.ts";
import { readPinResult, type PinTestResult } from "./power-auth/pin-test-result.ts";
import { PowerAuthError } from "./PowerAuthError.ts";

/** A plain string works, but stays in memory until the platform reuses the place. */
export type PasswordType = PowerAuthPassword | string;

const idleLimit = 300_000;

/**
 * A sequence of Unicode code points, used as UTF-8. By default the first cryptographic use wipes it; five minutes
 * without a call wipe it in any case. Editing it afterwards starts an empty one, using it is `INVALID_NATIVE_OBJECT`.
 */
export class PowerAuthPassword {
  readonly destroyOnUse: boolean;
  readonly onAutomaticCleanup: (() => void) | undefined;
  readonly powerAuthInstanceId: string | undefined;
  readonly autoreleaseTime: number;
  #bytes = new Uint8Array(64);
  #size = 0;
  #state: "alive" | "cleaned" | "released" = "released";
  #owner: Instance | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * `onAutomaticCleanup` is called when an edit finds the content gone other than by `release`. With an instance id the
   * password ends with that instance. `autoreleaseTime`, in milliseconds, shortens the idle time for tests.
   */
  constructor(destroyOnUse = true, onAutomaticCleanup?: () => void, powerAuthInstanceId?: string, autoreleaseTime = 0) {
    this.destroyOnUse = destroyOnUse;
    this.onAutomaticCleanup = onAutomaticCleanup;
    this.powerAuthInstanceId = powerAuthInstanceId;
    this.autoreleaseTime = autoreleaseTime;
  }

  static async fromString(
    text: string,
    destroyOnUse = true,
    onAutomaticCleanup?: () => void,
    powerAuthInstanceId?: string,
    autoreleaseTime = 0,
  ): Promise<PowerAuthPassword> {
    const password = new PowerAuthPassword(destroyOnUse, onAutomaticCleanup, powerAuthInstanceId, autoreleaseTime);
    for (const character of text) await password.addCharacter(character);
    return password;
  }

  /** Number of code points. */
  async length(): Promise<number> {
    this.#revive();
    return this.#count();
  }

  async isEmpty(): Promise<boolean> {
    return (await this.length()) === 0;
  }

  /** Appends a code point, given as number or as the first one of a string. Gives the new length. */
  async addCharacter(character: string | number): Promise<number> {
    this.#revive();
    return this.#insert(encodeCharacter(character), this.#size);
  }

  /** `position` counts code points, from 0 to the length. `WRONG_PARAMETER` outside. */
  async insertCharacter(character: string | number, position: number): Promise<number> {
    this.#revive();
    return this.#insert(encodeCharacter(character), this.#offset(position));
  }

  /** Gives the remaining length. `WRONG_PARAMETER` outside 0 to length - 1. */
  async removeCharacterAt(position: number): Promise<number> {
    this.#revive();
    const start = this.#offset(position);
    if (start === this.#size) throw wrongParameter("There is no character at this position");
    const end = this.#offset(position + 1);
    this.#bytes.copyWithin(start, end, this.#size);
    this.#bytes.fill(0, this.#size - (end - start));
    this.#size -= end - start;
    return this.#count();
  }

  /** Gives the remaining length; an empty password stays empty. */
  async removeLastCharacter(): Promise<number> {
    const length = await this.length();
    return length === 0 ? 0 : this.removeCharacterAt(length - 1);
  }

  async clear(): Promise<void> {
    this.#revive();
    this.#wipe();
  }

  async isEqualTo(other: PowerAuthPassword): Promise<boolean> {
    if (!(other instanceof PowerAuthPassword)) throw wrongParameter("The other one is no PowerAuthPassword");
    this.#revive();
    other.#revive();
    return equalBytes(this.#bytes.subarray(0, this.#size), other.#bytes.subarray(0, other.#size));
  }

  /** How easily the PIN can be guessed. Not a use. Throws `WRONG_PARAMETER` for what are not 4 to 100 digits. */
  async testPinStrength(): Promise<PinTestResult> {
    this.#revive();
    const digits = Array.from(this.#bytes.subarray(0, this.#size), (byte) => byte - 0x30);
    try {
      return readPinResult(digits);
    } finally {
      digits.fill(0);
    }
  }

  /** Wipes now. A later call starts an empty password. */
  async release(): Promise<void> {
    this.#end("released");
  }

  /** @internal A copy to be wiped by the caller. Counts as the one use of a password destroyed on use. */
  toRawPassword(): Bytes {
    this.#checkOwner();
    if (this.#state === "cleaned") {
      throw new PowerAuthError("INVALID_NATIVE_OBJECT", "The password was used already, or has expired");
    }
    const copy = this.#bytes.slice(0, this.#size);
    if (this.destroyOnUse) this.#end("cleaned");
    else this.#extend();
    return copy;
  }

  /** Content that went away by itself is replaced by an empty one, and its owner is told. */
  #revive(): void {
    this.#checkOwner();
    const cleaned = this.#state === "cleaned";
    this.#extend();
    if (cleaned) this.onAutomaticCleanup?.();
  }

  #checkOwner(): void {
    if (this.powerAuthInstanceId === undefined) return;
    const owner = requireInstance(this.powerAuthInstanceId);
    if (owner === this.#owner) return;
    this.#owner = owner;
    owner.owned.add({ end: () => this.#end("cleaned") });
  }

  #extend(): void {
    this.#state = "alive";
    clearTimeout(this.#timer);
    const limit = this.autoreleaseTime > 0 ? Math.min(this.autoreleaseTime, idleLimit) : idleLimit;
    this.#timer = setTimeout(() => this.#end("cleaned"), limit);
    // A password nobody uses must not keep a Node process alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #end(state: "cleaned" | "released"): void {
    clearTimeout(this.#timer);
    this.#wipe();
    this.#state = state;
  }

  #wipe(): void {
    this.#bytes.fill(0);
    this.#size = 0;
  }

  #insert(character: Bytes, offset: number): number {
    if (this.#size + character.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    this.#bytes.copyWithin(offset + character.length, offset, this.#size);
    this.#bytes.set(character, offset);
    this.#size += character.length;
    return this.#count();
  }

  #count(): number {
    let count = 0;
    for (const byte of this.#bytes.subarray(0, this.#size)) if (startsCharacter(byte)) count++;
    return count;
  }

  /** Byte offset of a code point, or of the end. */
  #offset(position: number): number {
    let remaining = position;
    for (const [index, byte] of this.#bytes.subarray(0, this.#size).entries()) {
      if (startsCharacter(byte) && remaining-- === 0) return index;
    }
    if (remaining === 0) return this.#size;
    throw wrongParameter("The position is outside of the password");
  }
}

/** A copy of the password as UTF-8, to be wiped by the caller. Throws `WRONG_PARAMETER`, `INVALID_NATIVE_OBJECT`. */
export function takePassword(password: PasswordType | undefined): Bytes {
  if (typeof password === "string") return utf8(password);
  if (password instanceof PowerAuthPassword) return password.toRawPassword();
  throw wrongParameter("A password is a PowerAuthPassword or a string");
}

function encodeCharacter(character: string | number): Bytes {
  const codePoint = typeof character === "number" ? character : character.codePointAt(0);
  if (codePoint === undefined || !Number.isInteger(codePoint) || codePoint < 0 || codePoint > 0x10ffff) {
    throw wrongParameter("Not a Unicode code point");
  }
  return utf8(String.fromCodePoint(codePoint));
}

function startsCharacter(byte: number): boolean {
  return (byte & 0xc0) !== 0x80;
}

function wrongParameter(message: string): PowerAuthError {
  return new PowerAuthError("WRONG_PARAMETER", message);
}
