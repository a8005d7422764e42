/**
 * Who the user is, as the bank says. What the device sent as identity attributes is posted to an address of the bank,
 * signed, and the answer names the user:
 *
 *     {"userId": "…", "autoCommit": false, "flags": ["…"], "activationOtp": "…", "customAttributes": {…}}
 *
 * All but `userId` may be left out. Any other answer refuses the activation.
 */
import { createHmac } from "node:crypto";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { isName } from "../../applications/application.ts";
import type { CustomActivation } from "../../applications/configuration-keys.ts";
import { configurationOf } from "../../applications/configuration.ts";
import type { Deps } from "../../deps.ts";
import { newUuid7 } from "../../ids.ts";
import { askedJson, type Json } from "../../identity-providers/json.ts";

const answerSchema = Type.Object({
  userId: Type.String(),
  autoCommit: Type.Optional(Type.Boolean()),
  flags: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  activationOtp: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  customAttributes: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

export interface CustomIdentity {
  readonly userId: string;
  /** Whether the activation is ACTIVE at once. */
  readonly autoCommit: boolean;
  readonly flags: readonly string[];
  /** To be given at the commit. */
  readonly otp?: string | undefined;
  /** For the device, instead of what it sent. */
  readonly customAttributes?: Json | undefined;
}

export interface CustomRequest {
  readonly applicationId: string;
  readonly identityAttributes: Json;
  readonly customAttributes: Json;
}

/** Why there is no identity, for the log. */
export type CustomProblem = "not-configured" | "not-answered" | "answer-not-valid";

export async function customIdentity(
  deps: Pick<Deps, "store" | "secrets" | "outbound" | "random">,
  request: CustomRequest,
  now: number,
): Promise<CustomIdentity | { readonly problem: CustomProblem }> {
  const [setting] = await configurationOf(deps, request.applicationId, "custom_activation");
  if (setting === undefined) return { problem: "not-configured" };
  const answer = await askedJson(deps.outbound, signed(setting, newUuid7(deps.random, now), now, request));
  if (answer === undefined) return { problem: "not-answered" };
  if (!Value.Check(answerSchema, answer) || !isName(answer.userId)) return { problem: "answer-not-valid" };
  const { userId, autoCommit = false, flags = [], activationOtp: otp, customAttributes } = answer;
  // A password that nobody would ask for: the bank means one or the other.
  if (autoCommit && otp !== undefined) return { problem: "answer-not-valid" };
  return { userId, autoCommit, flags, otp, customAttributes };
}

/** Signed as webhooks are: HMAC-SHA256 over `id.timestamp.body`, the timestamp in seconds (Standard Webhooks 1.0). */
function signed({ url, signingSecret }: CustomActivation, id: string, now: number, request: CustomRequest) {
  const body = JSON.stringify(request);
  const timestamp = String(Math.floor(now / 1000));
  const key = Buffer.from(signingSecret, "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
  return { url, method: "POST", headers, body } as const;
}
