/** One row for each kind of compact message: its type and its shape. Reading is form, then signature, then claims. */
import { failure, isFailure, type Failure } from "../errors.ts";
import { matches, type Shape } from "./claims.ts";
import {
  finishCompact,
  prepareCompact,
  readCompact,
  verifyCompact,
  type CompactType,
  type NamedSigner,
  type Verifier,
} from "./jws.ts";

export interface Message<Claims> {
  readonly typ: CompactType;
  readonly shape: Shape;
  /** Never there: ties the claims' type to the row. */
  readonly claims?: Claims;
}

export interface Read<Claims> {
  /** As it came; digests are over these characters. */
  readonly text: string;
  readonly kid: string;
  readonly claims: Claims;
}

/** A message whose signature was checked. */
export interface Verified<Claims> extends Read<Claims> {
  readonly verified: true;
}

/** Form and shape; whose signature it is, is still open. */
export function readMessage<Claims>(message: Message<Claims>, text: string): Read<Claims> | Failure {
  const read = readCompact(text, message.typ);
  if (isFailure(read)) return read;
  if (read.kid === undefined) return failure("message-header-wrong");
  if (!matches(read.claims, message.shape)) return failure("message-claims-wrong");
  return { text, kid: read.kid, claims: read.claims as Claims };
}

/** `message-signature-wrong` unless this key made it. The caller has chosen the key by name and use. */
export async function verifyMessage<Claims>(
  read: Read<Claims>,
  verifier: Verifier,
): Promise<Verified<Claims> | Failure> {
  const { text, kid, claims } = read;
  const right = await verifyCompact({ text, kid, claims: claims as Readonly<Record<string, unknown>> }, verifier);
  return right ? { ...read, verified: true } : failure("message-signature-wrong");
}

/** Throws TypeError for claims that no reader would accept: a broken promise of the caller. */
export async function signMessage<Claims extends object>(
  message: Message<Claims>,
  claims: Claims,
  signer: NamedSigner,
): Promise<string> {
  return finishCompact(prepareMessage(message, claims, signer.kid), signer);
}

/** What `finishCompact` signs. Throws as `signMessage`. */
export function prepareMessage<Claims extends object>(message: Message<Claims>, claims: Claims, kid: string): string {
  if (!matches(claims, message.shape)) throw new TypeError(`Claims of ${message.typ} are not well formed`);
  return prepareCompact(message.typ, { kid }, claims);
}
