/**
 * Whether a one-time password is one that its secret accepts now, and where the secret's counter goes then: up to ten
 * ahead (RFC 4226 §7.4), one step of time to either side (RFC 6238 §5.2), and never what was accepted before.
 */
import { type Bytes, equalTexts } from "@countersign/protocol/bytes";
import { hotp, timeStep } from "@countersign/protocol/otp/hotp";
import { ocra, type OcraInput, readOcraSuite } from "@countersign/protocol/otp/ocra";
import type { OtpSecretTable } from "../../store/schema.ts";
import type { AskedChallenge } from "./challenge.ts";

export interface OtpAttempt {
  readonly otp: string;
  /** OCRA: what the device signed, where it is not the challenge that the server drew. */
  readonly signed?: string | undefined;
  readonly pin?: string | undefined;
  readonly session?: Bytes | undefined;
}

export interface OtpMatch {
  readonly counter: number;
  /** The server's challenge was answered and is used up. */
  readonly answered: boolean;
}

export const lookAhead = 10;

export function matchOtp(row: OtpSecretTable, secret: Bytes, attempt: OtpAttempt, now: number): OtpMatch | undefined {
  switch (row.type) {
    case "HOTP":
      return firstMatch(ahead(row), (counter) => hotp(secret, counter, row), attempt.otp);
    case "TOTP":
      return firstMatch(around(row, now, row.period ?? 30), (step) => hotp(secret, step, row), attempt.otp);
    case "OCRA":
      return matchOcra(row, secret, attempt, now);
  }
}

function matchOcra(row: OtpSecretTable, secret: Bytes, attempt: OtpAttempt, now: number): OtpMatch | undefined {
  const suite = row.suite === null ? undefined : readOcraSuite(row.suite);
  const questions = suite && questionsOf(row, attempt, now);
  if (suite === undefined || questions === undefined) return undefined;
  // What the caller brings is not single by itself: a counter or a step has to make it so.
  if (attempt.signed !== undefined && !suite.counter && suite.step === undefined) return undefined;
  const answered = attempt.signed === undefined;
  const { pin, session } = attempt;
  const given = { questions, ...(pin !== undefined && { pin }), ...(session !== undefined && { session }) };
  const valueAt = (more: Partial<OcraInput>) => ocra(secret, suite, { ...given, ...more }) ?? "";
  const steps = suite.step === undefined ? [undefined] : stepsAround(now, suite.step);
  for (const time of steps) {
    const timed = time === undefined ? {} : { time };
    if (suite.counter) {
      const match = firstMatch(ahead(row), (counter) => valueAt({ ...timed, counter }), attempt.otp);
      if (match !== undefined) return { ...match, answered };
    } else if ((answered || (time as number) >= row.counter) && equalTexts(valueAt(timed), attempt.otp)) {
      return { counter: Math.max(row.counter, time === undefined ? 0 : time + 1), answered };
    }
  }
  return undefined;
}

/** The other party's challenge comes first (RFC 6287 §7.2). */
function questionsOf(row: OtpSecretTable, { signed }: OtpAttempt, now: number): OcraInput["questions"] | undefined {
  if (signed !== undefined) return [signed];
  if (row.challenge === null || now >= (row.challenge_expires_at ?? 0)) return undefined;
  const { server, client } = JSON.parse(row.challenge) as AskedChallenge;
  return client === undefined ? [server] : [server, client];
}

function firstMatch(places: readonly number[], valueAt: (place: number) => string, otp: string): OtpMatch | undefined {
  const place = places.find((one) => equalTexts(valueAt(one), otp));
  return place === undefined ? undefined : { counter: place + 1, answered: false };
}

function ahead({ counter }: OtpSecretTable): readonly number[] {
  return Array.from({ length: lookAhead + 1 }, (_, at) => counter + at);
}

function around(row: OtpSecretTable, now: number, period: number): readonly number[] {
  return stepsAround(now, period).filter((step) => step >= row.counter);
}

function stepsAround(now: number, period: number): readonly number[] {
  const step = timeStep(now, period);
  return [step, step - 1, step + 1];
}
