/** Responses to challenges and signatures of short texts (OCRA, RFC 6287). Needs no network. */
import type { Bytes } from "@countersign/protocol/bytes";
import { isOcraQuestion, ocra, type OcraSuite, readOcraSuite } from "@countersign/protocol/otp/ocra";
import { InvalidChallengeException, InvalidParameterException, UnsupportedOperationException } from "../exceptions.ts";
import { computing, type OtpPassword, type OtpSource } from "./source.ts";

/** What a suite may ask for beside the challenge: a PIN, and information on the session. */
export class InputOCRAParameters {
  readonly pin: string | undefined;
  readonly session: Bytes | undefined;

  constructor(pin?: string | null, session?: Bytes | null) {
    this.pin = pin ?? undefined;
    this.session = session ?? undefined;
  }
}

export class AsyncOTPGenerator {
  readonly #source: OtpSource;
  readonly #suite: OcraSuite;

  /** @internal Throws `UnsupportedOperationException` for a suite that RFC 6287 does not know. */
  constructor(source: OtpSource) {
    const suite = readOcraSuite(source.description.suite ?? "");
    if (suite === undefined) throw new UnsupportedOperationException("The suite of this key is none of RFC 6287");
    this.#source = source;
    this.#suite = suite;
  }

  /** Answers the other side's challenge (§7.1). */
  async computeResponse(password: OtpPassword, challenge: string, parameters?: InputOCRAParameters): Promise<string> {
    return this.#compute(password, [challenge], parameters);
  }

  /** This side's answer in a mutual exchange (§7.2). */
  async computeClientResponse(
    password: OtpPassword,
    clientChallenge: string,
    serverChallenge: string,
    parameters?: InputOCRAParameters,
  ): Promise<string> {
    return this.#compute(password, [serverChallenge, clientChallenge], parameters);
  }

  /** What the other side must have answered in a mutual exchange (§7.2). Compare before answering. */
  async computeServerResponse(
    password: OtpPassword,
    clientChallenge: string,
    serverChallenge: string,
    parameters?: InputOCRAParameters,
  ): Promise<string> {
    return this.#compute(password, [clientChallenge, serverChallenge], parameters);
  }

  /** The fields of what is signed, joined. Throws `InvalidChallengeException` where that is no challenge of the suite. */
  formatSignatureChallenge(fields: readonly string[]): string {
    if (!Array.isArray(fields) || !fields.every((field) => typeof field === "string")) {
      throw new InvalidParameterException("The fields are texts");
    }
    const challenge = fields.join("");
    this.#requireChallenge(challenge);
    return challenge;
  }

  /** Signs what `formatSignatureChallenge` made (§7.3), together with a challenge of this side where one is given. */
  async computeSignature(
    password: OtpPassword,
    signatureChallenge: string,
    clientChallenge?: string | null,
    parameters?: InputOCRAParameters,
  ): Promise<string> {
    const second = clientChallenge ?? undefined;
    return this.#compute(
      password,
      second === undefined ? [signatureChallenge] : [signatureChallenge, second],
      parameters,
    );
  }

  async #compute(
    password: OtpPassword,
    questions: readonly [string, string?],
    { pin, session }: InputOCRAParameters = new InputOCRAParameters(),
  ): Promise<string> {
    const suite = this.#suite;
    try {
      for (const question of questions) this.#requireChallenge(question);
      if ((suite.pin === undefined) !== (pin === undefined) || !isSession(suite, session)) {
        throw new InvalidParameterException("The suite asks for another PIN or session than was given");
      }
    } catch (error) {
      password?.fill(0);
      throw error;
    }
    const response = await computing(this.#source, password, suite.counter, (secret, counter) =>
      ocra(secret, suite, {
        questions,
        ...(suite.counter && { counter }),
        ...(pin !== undefined && { pin }),
        ...(session !== undefined && { session }),
        ...(suite.step !== undefined && { time: Math.floor(this.#source.now() / 1000 / suite.step) }),
      }),
    );
    if (response === undefined) throw new InvalidChallengeException("The suite does not take this challenge");
    return response;
  }

  #requireChallenge(challenge: unknown): void {
    if (typeof challenge === "string" && isOcraQuestion(this.#suite, challenge)) return;
    throw new InvalidChallengeException("The suite does not take this challenge");
  }
}

function isSession({ session: most }: OcraSuite, session: unknown): boolean {
  if (most === undefined) return session === undefined;
  return session instanceof Uint8Array && session.length <= most;
}
