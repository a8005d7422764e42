/** Who holds the token of a request: how the Mobile Token API knows a device that reads. */
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { FastifyRequest } from "fastify";
import type { Deps } from "../../deps.ts";
import { RefusedError, refuse } from "../../errors.ts";
import type { ActivationRow } from "../../store/store.ts";
import { validateToken } from "../../tokens/validate.ts";
import { countUnproven, tokenHeaderOf } from "../device-request.ts";

export interface TokenHolder {
  readonly viewer: ActivationRow;
  /** With which the token was made. */
  readonly factors: FactorCombination;
}

/** What tokens are made with. */
const tokenFactors: readonly FactorCombination[] = [
  "possession",
  "possession_knowledge",
  "possession_biometry",
  "possession_knowledge_biometry",
];

/** The activation whose token authenticated this request, when it was made with factors that are enough. */
export async function tokenHolder(
  deps: Deps,
  request: FastifyRequest,
  accepted: readonly FactorCombination[] = tokenFactors,
): Promise<TokenHolder> {
  const validation = await validateToken(deps, tokenHeaderOf(request));
  if (validation.valid && accepted.includes(validation.factors)) {
    return { viewer: validation.activation, factors: validation.factors };
  }
  const proven = validation.valid || validation.proven;
  if (!proven) await countUnproven(deps, request);
  throw new RefusedError(refuse("token-wrong"));
}
