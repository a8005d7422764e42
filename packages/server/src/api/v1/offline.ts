/** `/v1/operations/{id}/offline-qr` and `/offline-code`: approvals of devices that have no network. */
import { Type } from "typebox";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import { decideOffline } from "../../operations/offline/decide.ts";
import { operationHistory, seenBy } from "../../operations/detail.ts";
import { offlineQr } from "../../operations/offline/qr.ts";
import type { ActivationRow } from "../../store/store.ts";
import { id, text } from "../members.ts";
import { relyingPartyOperation } from "../operation-json.ts";
import type { Api } from "../surfaces.ts";
import { closed, noQuery } from "./members.ts";
import { operationSchema } from "./operations.ts";

const config = { permission: "relying-party" } as const;
const params = Type.Object({ id: Type.String() });

const qrBody = closed({
  activationId: id,
  language: Type.Optional(
    Type.String({
      pattern: "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$",
      description: "Of title and message; English if absent",
    }),
  ),
});
const qrSchema = closed({ qr: Type.String({ description: "Text of the QR code, several lines" }) });

const codeBody = closed({
  code: text(64),
  activationId: Type.Optional(id),
  uriId: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "What the app signs for" })),
});

export function offlineRoutes(app: Api, deps: Deps): void {
  const asked = { params, querystring: noQuery, body: qrBody, response: { 200: qrSchema } };
  app.post("/v1/operations/:id/offline-qr", { config, schema: asked }, async (request) =>
    orRefuse(
      await offlineQr(deps, {
        operationId: request.params.id,
        activationId: request.body.activationId,
        language: (request.body.language ?? "en").replace(/-.*/, "").toLowerCase(),
        ...visibleTo(request.apiClient),
      }),
    ),
  );

  const answered = { params, querystring: noQuery, body: codeBody, response: { 200: operationSchema } };
  app.post("/v1/operations/:id/offline-code", { config, schema: answered }, async (request) => {
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
    return relyingPartyOperation(decided, await operationHistory(deps, decided.id), undefined);
  });
}

function visibleTo(client: ApiClient) {
  return {
    sees: seenBy(client),
    seesActivation: (activation: ActivationRow) => mayUse(client, activation.application_id),
  };
}
