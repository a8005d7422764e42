/** CIBA requests as the provider keeps them. Whoever asks for one whose operation is decided finds the result in it. */
import type { Adapter, AdapterPayload, Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";
import { adoptDirectRequest, directPayload } from "../direct.ts";
import { recordsOf, recordsByKey } from "../records.ts";
import { operationOfRequest, requestModel, resolveRequest } from "./resolve.ts";

type RequestDeps = Pick<Deps, "store" | "secrets">;

export function requestsOf(deps: RequestDeps, provider: () => Provider): Adapter {
  const records = recordsOf(deps, requestModel);
  return {
    ...records,
    async find(id) {
      const kept = await records.find(id);
      const payload = kept ?? (await directPayload(deps, id));
      if (payload === undefined || hasResult(payload)) return payload;
      const operation = await operationOfRequest(deps, id);
      if (operation === undefined) return payload;
      const first = kept === undefined ? adoptDirectRequest(deps, id) : undefined;
      return (await resolveRequest(deps, provider(), payload, operation, first)) ? records.find(id) : payload;
    },
  };
}

/** The request of this operation with its result; undefined once it was forgotten. */
export async function findRequest(
  deps: RequestDeps,
  provider: Provider,
  operation: OperationRow,
): Promise<(AdapterPayload & { readonly jti: string }) | undefined> {
  const { backchannel_id: key } = operation;
  if (key === null) return undefined;
  const payload = await recordsByKey(deps, requestModel, key);
  if (payload?.jti === undefined) return undefined;
  const { jti } = payload;
  if (hasResult(payload) || !(await resolveRequest(deps, provider, payload, operation))) return { ...payload, jti };
  const resolved = await recordsByKey(deps, requestModel, key);
  return resolved && { ...resolved, jti };
}

function hasResult({ grantId, error }: AdapterPayload): boolean {
  return grantId !== undefined || error !== undefined;
}
