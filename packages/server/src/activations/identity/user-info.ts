/** What a device may be told of its user: the least there is, or what a provider of the bank knows. */
import type { UserInfoStage } from "../../applications/configuration-keys.ts";
import { configurationOf } from "../../applications/configuration.ts";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { newUuid7 } from "../../ids.ts";
import type { ActivationRow } from "../../store/store.ts";
import { askedJson, basic, type Json } from "../../identity-providers/json.ts";

type UserInfoDeps = Pick<Deps, "store" | "secrets" | "outbound" | "random">;

/**
 * Without claims where this is not the stage for them. Refuses `user-info-failed` when the bank's provider does not answer with
 * an object. `now` is epoch ms.
 */
export async function userInfo(
  deps: UserInfoDeps,
  activation: Pick<ActivationRow, "user_id" | "application_id">,
  stage: UserInfoStage,
  now: number,
): Promise<{ readonly claims?: Json } | Refusal> {
  const { user_id: userId, application_id: applicationId } = activation;
  const [setting] = await configurationOf(deps, applicationId, "user_info");
  const stages = setting?.stages ?? ["USER_INFO_ENDPOINT"];
  if (!stages.includes(stage)) return {};
  if (setting?.provider !== "REST" || setting.url === undefined) {
    return { claims: { sub: userId, jti: newUuid7(deps.random, now), iat: Math.floor(now / 1000) } };
  }
  const url = `${setting.url.replace(/\/$/, "")}/private/user-claims?${new URLSearchParams({ userId }).toString()}`;
  const { username, password } = setting.httpBasic ?? {};
  const credentials = username !== undefined && password !== undefined && basic(username, password);
  const headers: Record<string, string> = credentials ? { authorization: credentials } : {};
  const claims = await askedJson(deps.outbound, { url, method: "GET", headers });
  return claims === undefined ? refuse("user-info-failed") : { claims };
}
