/** Checks what applications pass. Everything else than what a method takes is `InvalidParameterException`. */
import { fromUtf8 } from "@countersign/protocol/bytes";
import { InvalidParameterException } from "./exceptions.ts";
import { Parameter, type Parameters } from "./Parameter.ts";

export type Password = Uint8Array | null | undefined;

/**
 * Passwords are bytes, because nobody can wipe a text. They are zero when the call that got them has ended, whatever came
 * of it.
 */
export function passwordOf(password: Password): Uint8Array | undefined {
  if (password == null) return undefined;
  if (!(password instanceof Uint8Array)) throw new InvalidParameterException("A password is a Uint8Array");
  return password;
}

/** Runs a call with its passwords, and wipes them. */
export async function withPasswords<T>(passwords: readonly Password[], run: () => Promise<T>): Promise<T> {
  try {
    for (const password of passwords) passwordOf(password);
    return await run();
  } finally {
    for (const password of passwords) if (password instanceof Uint8Array) password.fill(0);
  }
}

/** Values by key. A key that the call does not know, or one twice, is refused. */
export function parametersOf(parameters: Parameters, known: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (parameters == null) return values;
  if (!Array.isArray(parameters)) throw new InvalidParameterException("Parameters are an array of Parameter");
  for (const one of parameters as readonly unknown[]) {
    if (!(one instanceof Parameter)) throw new InvalidParameterException("Parameters are an array of Parameter");
    if (!known.includes(one.key)) throw new InvalidParameterException("A parameter that this call does not take");
    if (values.has(one.key)) throw new InvalidParameterException(`The parameter ${one.key} stands there twice`);
    values.set(one.key, textOf(one.value, one.key));
  }
  return values;
}

/** Text, or its UTF-8. */
export function textOf(value: unknown, what: string): string {
  const text = value instanceof Uint8Array ? fromUtf8(value) : value;
  if (typeof text !== "string" || text === "") throw new InvalidParameterException(`${what} is text that is not empty`);
  return text;
}

/** Epoch ms. */
export function dateOf(value: string, what: string): number {
  const at = Number(value);
  if (!/^\d{1,15}$/.test(value) || !Number.isSafeInteger(at)) {
    throw new InvalidParameterException(`${what} is a number of milliseconds since 1970`);
  }
  return at;
}
