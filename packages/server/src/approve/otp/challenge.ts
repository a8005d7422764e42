/** Draws an OCRA challenge (RFC 6287 §7): the server asks, once, and waits five minutes for the answer. */
import { isOcraQuestion, ocra, type OcraSuite, readOcraSuite } from "@countersign/protocol/otp/ocra";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { OtpSecretTable } from "../../store/schema.ts";
import { heldSecrets } from "./held-secrets.ts";
import { otpPlace } from "./otp-secret.ts";

const challengeMs = 300_000;

export interface ChallengeInput {
  readonly containerId: string;
  readonly label: string;
  /** The device's own, where it wants to know that it talks to the server (§7.2). */
  readonly clientChallenge?: string | undefined;
}

export interface Challenge {
  readonly challenge: string;
  /** What proves the server to the device; only with a challenge of the device, and no PIN, session or time in the suite. */
  readonly serverResponse?: string;
  readonly expiresAt: number;
}

/** What is kept of it. */
export interface AskedChallenge {
  readonly server: string;
  readonly client?: string;
}

/**
 * A new one takes the place of the one before. Refuses `otp-secret-not-found`, `otp-blocked`, `container-blocked` and
 * `invalid-request`.
 */
export function drawChallenge(
  deps: Pick<Deps, "store" | "random" | "secrets">,
  { containerId, label, clientChallenge }: ChallengeInput,
): Promise<Challenge | Refusal> {
  return deps.store.transaction(async (change) => {
    const [held] = await heldSecrets(deps, change, [containerId], label);
    if (held === undefined) return refuse("otp-secret-not-found");
    if (held.failed_attempts >= held.max_failed_attempts) return refuse("otp-blocked");
    const suite = held.suite === null ? undefined : readOcraSuite(held.suite);
    if (held.type !== "OCRA" || suite === undefined) return refuse("invalid-request", "label - not of OCRA");
    if (clientChallenge !== undefined && !isOcraQuestion(suite, clientChallenge)) {
      return refuse("invalid-request", "clientChallenge");
    }
    const challenge = newChallenge(deps, suite);
    const serverResponse =
      clientChallenge === undefined ? undefined : respond(deps, held, suite, clientChallenge, challenge);
    if (clientChallenge !== undefined && serverResponse === undefined) {
      return refuse("invalid-request", "clientChallenge - not with a PIN, session or time");
    }
    const asked: AskedChallenge = {
      server: challenge,
      ...(clientChallenge !== undefined && { client: clientChallenge }),
    };
    const expiresAt = change.now + challengeMs;
    await change.db
      .updateTable("otp_secret")
      .set({ challenge: JSON.stringify(asked), challenge_expires_at: expiresAt })
      .where("tenant", "=", deps.store.tenant)
      .where("activation_id", "=", containerId)
      .where("label", "=", label)
      .execute();
    return { challenge, ...(serverResponse !== undefined && { serverResponse }), expiresAt };
  });
}

/** The device's challenge comes first: with the server's in front it is the other direction (§7.2). */
function respond(
  { secrets }: Pick<Deps, "secrets">,
  row: OtpSecretTable,
  suite: OcraSuite,
  client: string,
  server: string,
): string | undefined {
  const secret = secrets.open(otpPlace(row.activation_id, row.label), row.secret_sealed);
  return ocra(secret, suite, { questions: [client, server], ...(suite.counter && { counter: row.counter }) });
}

const alphabets = { N: "0123456789", H: "0123456789ABCDEF", A: "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" } as const;

/** As long as the suite allows, every character as likely as any other. */
function newChallenge({ random }: Pick<Deps, "random">, { question: { format, length } }: OcraSuite): string {
  const alphabet = alphabets[format];
  const fair = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < fair && text.length < length) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}
