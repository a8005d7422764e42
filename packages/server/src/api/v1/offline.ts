/** `/v1/operations/{id}/offline-qr` and `/offline-code`: approvals of devices that have no network. */
import { Type } from "typebox";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import { decideOffline } from "../../operations/decide-offline.ts";
import { operationHistory, seenBy } from "../../operations/detail.ts";
import { offlineQr } from "../../operations/offline-qr.ts";
import type { ActivationRow } from "../../store/store.ts";
import { id, text } from "../members.ts";
import { relyingPartyOperation } from "../operation-json.ts";
import type { Api } from "../surfaces.ts";

const closed = { additionalProperties: false };
const config = { permission: "relying-party" } as const;
const params = Type.Object({ id: Type.String() });
const querystring = Type.Object({}, closed);

const qrBody = Type.Object(
  { activationId: id, language: Type.Optional(Type.String({ pattern: "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$" })) },
  closed,
);

const codeBody = Type.Object(
  { code: text(64), activationId: Type.Optional(id), uriId: Type.Optional(text(255)) },
  closed,
);

export function offlineRoutes(app: Api, deps: Deps): void {
  app.post("/v1/operations/:id/offline-qr", { config, schema: { params, querystring, body: qrBody } }, async (request) =>
    orRefuse(
      await offlineQr(deps, {
        operationId: request.params.id,
        activationId: request.body.activationId,
        language: (request.body.language ?? "en").split("-")[0]!.toLowerCase(),
        ...visibleTo(request.apiClient),
      }),
    ),
  );

  const codeSchema = { params, querystring, body: codeBody };
  app.post("/v1/operations/:id/offline-code", { config, schema: codeSchema }, async (request) => {
    const { code, activationId, uriId } = request.body;
    const decided = orRefuse(
      await decideOffline(deps, {
        operationId: request.params.id,
        code,
        activationId,
        uriId,
        ...visibleTo(request.apiClient),
      }),
    );
    return relyingPartyOperation(decided, await operationHistory(deps, decided.id));
  });
}

function visibleTo(client: ApiClient) {
  return {
    sees: seenBy(client),
    seesActivation: (activation: ActivationRow) => mayUse(client, activation.application_id),
  };
}
