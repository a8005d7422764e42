/** CIBA requests as the provider keeps them. Whoever asks for one whose operation is decided finds the result in it. */
import { type Adapter, type AdapterPayload, errors, type KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { settled } from "../../operations/expire.ts";
import type { OidcRecordTable } from "../../store/schema.ts";
import { deliveryTold } from "../clients/client.ts";
import { findDecision } from "../decision.ts";
import { adoptDirectRequest, findDirect } from "../direct.ts";
import { keyOf, recordRow, recordsByKey, recordsOf, requestModel, save, savedByKey } from "../records.ts";
import { type FoundRequest, findRequest } from "./find.ts";
import { foundUndecided } from "./pending-answers.ts";
import { resolveRequest } from "./resolve.ts";

/** Requests that are about to start: they are written with their operation. */
const held = new WeakMap<object, OidcRecordTable>();

/** The record of the request that this context starts. */
export function recordToStart(ctx: KoaContextWithOIDC): OidcRecordTable {
  const record = held.get(ctx);
  if (record === undefined) throw new Error("There is no request to start");
  return record;
}

/** Requests that were asked for, with what became of them. */
const found = new WeakMap<object, FoundRequest>();

/** The request that this context redeems, once the provider has asked for it. */
export function requestFound(ctx: KoaContextWithOIDC): FoundRequest | undefined {
  return found.get(ctx);
}

type RequestDeps = Pick<Deps, "store" | "secrets">;

export function requestsOf(deps: RequestDeps, provider: () => Provider): Adapter {
  const records = recordsOf(deps, requestModel);
  return {
    ...records,
    async upsert(id, payload, expiresIn) {
      const { ctx } = Provider;
      if (ctx?.oidc.route !== "backchannel_authentication") return records.upsert(id, payload, expiresIn);
      held.set(ctx, recordRow(deps, requestModel, id, payload));
    },
    async find(id) {
      refusePushed();
      const key = keyOf(deps, requestModel, id);
      const saved = savedByKey(requestModel, key);
      if (saved !== undefined) return saved;
      const kept = await findRequest(deps, key);
      // The provider would take back the tokens of whoever was first: polls that cross each other are no theft.
      if (kept?.payload.consumed !== undefined) return undefined;
      const seen = kept ?? (await findDirect(deps, id));
      if (seen === undefined) return undefined;
      const { payload } = seen;
      const request = new (provider().BackchannelAuthenticationRequest)(payload);
      // Where time is over, that is written down first: nobody is told so while an approval may still be committing.
      const last = request.isExpired ? await afterExpiry(deps, seen) : seen;
      const { ctx } = Provider;
      if (ctx !== undefined) found.set(ctx, last);
      const { operation } = last;
      if (operation === undefined || hasResult(payload)) return payload;
      if (operation.status === "PENDING" && ctx !== undefined)
        foundUndecided(ctx, { operationId: operation.id, request });
      const first = kept === undefined ? () => adopt(id, payload) : undefined;
      return (await resolveRequest(deps, { provider: provider(), request, ...last, operation }, first))
        ? recordsByKey(deps, requestModel, key)
        : payload;
    },
    /** It says that it was redeemed for as long as it is kept. */
    revokeByGrantId: () => Promise.resolve(),
  };

  /** A request that nobody started becomes a record, once. */
  async function adopt(id: string, payload: AdapterPayload): Promise<void> {
    await save(deps, { run: adoptDirectRequest(deps, id) });
    await records.upsert(id, payload, 0);
  }
}

/** The operation as its expiry, or the decision that came first, left it. */
async function afterExpiry(deps: RequestDeps, { payload, ...seen }: FoundRequest): Promise<FoundRequest> {
  const operation = seen.operation && (await settled(deps, seen.operation, await deps.store.now()));
  if (operation === undefined || operation === seen.operation) return { payload, ...seen };
  return { payload, operation, decision: await findDecision(deps, operation.id) };
}

/** Who is sent its results does not fetch them (CIBA §11). */
function refusePushed(): void {
  const { client, params } = Provider.ctx?.oidc ?? {};
  if (client === undefined || params?.["grant_type"] !== "urn:openid:params:grant-type:ciba") return;
  if (deliveryTold(client) === "push") throw new errors.UnauthorizedClient("results are pushed to this client");
}

function hasResult({ grantId, error }: AdapterPayload): boolean {
  return grantId !== undefined || error !== undefined;
}
