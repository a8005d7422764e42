/** Removes a token: asked for by its device with a signature, or by the back office. It is gone for the next request. */
import type { Deps } from "../deps.ts";
import { authenticate, type Authentication, evidenceData, type SignedRequest } from "../signatures/authenticate.ts";
import { tokenEvent } from "./create.ts";

/** Matches no token: what is none is refused by nothing, as the reference has it, and removes nothing. */
const noToken = "00000000-0000-0000-0000-000000000000";

/** Signature, counter and removal in one commit. A token of another activation, or none, is left as it is. */
export function removeOwnToken(
  deps: Parameters<typeof authenticate>[0],
  request: SignedRequest,
  tokenId: string | undefined,
): Promise<Authentication<{ removed: boolean }>> {
  return authenticate<{ removed: boolean }>(deps, "public", request, {
    tokenId: tokenId?.toLowerCase() ?? noToken,
    accepted(proof, { token }) {
      if (token === undefined || token.activation_id !== proof.activation.id) return { result: { removed: false } };
      const event = tokenEvent("token.removed", token, proof.activation, evidenceData(proof));
      return { result: { removed: true }, writes: { removedToken: token.id, events: [event] } };
    },
  });
}

export interface TokenRemoval {
  readonly tokenId: string;
  /** The token goes only if it is this activation's. */
  readonly activationId: string;
  readonly clientId?: string | undefined;
}

/** For the back office. `removed` is false where there was no such token of this activation. */
export function removeToken(deps: Pick<Deps, "store">, input: TokenRemoval): Promise<{ removed: boolean }> {
  const { tokenId, activationId } = input;
  return deps.store.commit<{ removed: boolean }>({
    tokenId,
    activationId,
    evaluate({ token, activation }) {
      if (token === undefined || activation === undefined || token.activation_id !== activation.id) {
        return { result: { removed: false } };
      }
      const event = tokenEvent("token.removed", token, activation, { clientId: input.clientId });
      return { result: { removed: true }, writes: { removedToken: token.id, events: [event] } };
    },
  });
}
