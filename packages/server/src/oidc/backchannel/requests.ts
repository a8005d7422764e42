/** CIBA requests as the provider keeps them. Whoever asks for one whose operation is decided finds the result in it. */
import { type Adapter, type AdapterPayload, errors, type KoaContextWithOIDC, Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { deliveryTold } from "../clients/client.ts";
import { adoptDirectRequest, directPayload } from "../direct.ts";
import type { OidcRecordTable } from "../../store/schema.ts";
import { recordRow, recordsOf, requestModel, save } from "../records.ts";
import { foundUndecided } from "./pending-answers.ts";
import { operationOfRequest, resolveRequest, undecidedOperation } from "./resolve.ts";

/** Requests that are about to start: they are written with their operation. */
const held = new WeakMap<object, OidcRecordTable>();

/** The record of the request that this context starts. */
export function recordToStart(ctx: KoaContextWithOIDC): OidcRecordTable {
  const record = held.get(ctx);
  if (record === undefined) throw new Error("There is no request to start");
  return record;
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
      const kept = await records.find(id);
      // The provider would take back the tokens of whoever was first: polls that cross each other are no theft.
      if (kept?.consumed !== undefined) return undefined;
      const payload = kept ?? (await directPayload(deps, id));
      if (payload === undefined || hasResult(payload)) return payload;
      const over = isOver(provider(), payload);
      const waiting = over ? undefined : await undecidedOperation(deps, id);
      if (waiting !== undefined) {
        const request = new (provider().BackchannelAuthenticationRequest)(payload);
        if (Provider.ctx !== undefined) foundUndecided(Provider.ctx, { operationId: waiting, request });
        return payload;
      }
      const operation = await operationOfRequest(deps, id, over);
      if (operation === undefined) return payload;
      const first = kept === undefined ? () => adopt(id, payload) : undefined;
      return (await resolveRequest(deps, provider(), payload, operation, first)) ? records.find(id) : payload;
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

/** Who is sent its results does not fetch them (CIBA §11). */
function refusePushed(): void {
  const { client, params } = Provider.ctx?.oidc ?? {};
  if (client === undefined || params?.["grant_type"] !== "urn:openid:params:grant-type:ciba") return;
  if (deliveryTold(client) === "push") throw new errors.UnauthorizedClient("results are pushed to this client");
}

export function hasResult({ grantId, error }: AdapterPayload): boolean {
  return grantId !== undefined || error !== undefined;
}

/** By the provider's own clock, which says what a client is told. */
export function isOver(provider: Provider, payload: AdapterPayload): boolean {
  return new provider.BackchannelAuthenticationRequest(payload).isExpired;
}
