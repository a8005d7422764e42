/**
 * Activations of type DIRECT and CUSTOM: somebody outside says who the user is. The device's request is remembered
 * before anybody outside is asked, so that a recorded one asks nobody again.
 */
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import type { Deps } from "../../deps.ts";
import type { EnvelopeDeps } from "../../encryption/envelope.ts";
import { claimIn } from "../../encryption/replay.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import type { Claim } from "../../store/store.ts";
import { completeDirect, openDirect } from "../create.ts";
import type { Prepared } from "../prepare.ts";
import { type CustomIdentity, customIdentity } from "./custom.ts";
import { oidcIdentity, readOidcAttributes } from "./oidc.ts";
import type { Json } from "../../identity-providers/json.ts";

export interface VouchedActivation {
  readonly type: "DIRECT" | "CUSTOM";
  readonly identityAttributes: Json;
  readonly customAttributes: Json;
  readonly header: EncryptionHeader;
  /** The inner layer, encrypted by the device for `/pa/activation`. */
  readonly cryptogram: unknown;
  /** Claims of the outer layer. */
  readonly claims: readonly Claim[];
}

export interface Vouched extends Prepared {
  /** For the device; absent where it gets back what it sent. */
  readonly customAttributes?: Json | undefined;
}

type VouchedDeps = EnvelopeDeps & Pick<Deps, "outbound" | "log">;

/**
 * DIRECT ends ACTIVE, CUSTOM as the bank answers. Refuses as `openDirect` and `completeDirect` do, `replayed`, and
 * `activation-not-created` where nobody vouches; the log says why.
 */
export async function vouchedActivation(deps: VouchedDeps, input: VouchedActivation): Promise<Vouched | Refusal> {
  const opened = await openDirect(deps, input.header, input.cryptogram);
  if (isRefusal(opened)) return opened;
  const claims = [...input.claims, ...opened.inner.claims];
  const isNew = await deps.store.transaction((change) => claimIn(change, claims));
  if (!isNew) return refuse("replayed");

  const { applicationId } = opened.inner.application;
  const identity = await identityOf(deps, applicationId, input);
  if ("problem" in identity) {
    deps.log.warn({ applicationId, type: input.type, problem: identity.problem }, "nobody vouches for an activation");
    return refuse("activation-not-created");
  }
  const { userId, flags, otp, autoCommit: commit, customAttributes } = identity;
  const prepared = await completeDirect(deps, opened, { userId, flags, otp, commit, claims: [] });
  return isRefusal(prepared) ? prepared : { ...prepared, customAttributes };
}

async function identityOf(
  deps: VouchedDeps,
  applicationId: string,
  { type, identityAttributes, customAttributes }: VouchedActivation,
): Promise<CustomIdentity | { readonly problem: string }> {
  const now = await deps.store.now();
  if (type === "CUSTOM") return customIdentity(deps, { applicationId, identityAttributes, customAttributes }, now);
  const attributes = readOidcAttributes(identityAttributes);
  if (attributes === undefined) return { problem: "attributes-not-valid" };
  const found = await oidcIdentity(deps, applicationId, attributes, now);
  return "problem" in found ? found : { ...found, autoCommit: true, flags: [] };
}
