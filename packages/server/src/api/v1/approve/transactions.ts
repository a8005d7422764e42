/** `/v1/transactions`: operations for Approve devices, with the references by which a device finds them. */
import { openReference } from "@countersign/protocol/approve/reference";
import { Type } from "typebox";
import { redeemDirectRequest } from "../../../approve/direct/redeem.ts";
import { referencesFor } from "../../../approve/transactions/addressed.ts";
import { linkOf, openReferenceFor } from "../../../approve/transactions/reference.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../../errors.ts";
import { createOperation } from "../../../operations/create.ts";
import { findOperation, refuseState, seenBy } from "../../../operations/detail.ts";
import type { OperationRow } from "../../../store/store.ts";
import { text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, noQuery } from "../members.ts";
import { creation, current, newOperationOf, operationSchema, shown } from "../operations.ts";

const config = { permission: "relying-party" } as const;

const body = closed({
  ...creation,
  device: Type.Optional(
    Type.Enum(["last", "all"], { description: "The user's device that was used last, or whichever answers first" }),
  ),
});
const openSchema = closed({
  reference: Type.String({ description: "For a QR code; whoever scans it first has the transaction" }),
  link: Type.String({ description: "The same for a device that shows the page itself" }),
  rotateSeconds: Type.Integer({ description: "Ask for the next one after so long" }),
});
const createdSchema = closed({
  operation: operationSchema,
  open: Type.Optional(openSchema),
  references: Type.Optional(Type.Array(closed({ containerId: Type.String(), reference: Type.String() }))),
});
const params = closed({ id: text(64) });

export function transactionRoutes(app: Api, deps: Deps): void {
  const created = { body, querystring: noQuery, response: { 201: createdSchema } };
  app.post("/v1/transactions", { config, schema: created }, async (request, reply) => {
    const { device, ...members } = request.body;
    const wanted = { ...(await newOperationOf(deps, request, members)), device };
    const operation = await current(deps, orRefuse(await createOperation(deps, wanted)).operation);
    const answer = {
      operation: await shown(deps, request.apiClient, operation),
      ...(operation.user_id === null
        ? { open: await openOf(deps, operation) }
        : { references: [...(await referencesFor(deps, operation))] }),
    };
    return reply.code(201).header("location", `/v1/operations/${operation.id}`).send(answer);
  });

  const next = { params, querystring: noQuery, response: { 200: openSchema } };
  app.get("/v1/transactions/:id/reference", { config, schema: next }, async (request) => {
    const operation = orRefuse(await findOperation(deps, request.params.id, seenBy(request.apiClient)));
    if (operation.status !== "PENDING") throw new RefusedError(refuseState(operation));
    if (operation.user_id !== null) throw new RefusedError(refuse("transaction-claimed"));
    return openOf(deps, operation);
  });
}

const redeemedSchema = closed({
  status: Type.String({ description: "The person's answer, in the words of the template" }),
  operation: operationSchema,
});

export function directRequestRoutes(app: Api, deps: Deps): void {
  const schema = { params, querystring: noQuery, response: { 200: redeemedSchema } };
  app.post("/v1/direct-requests/:id/redeem", { config, schema }, async (request) => {
    const { apiClient } = request;
    const input = { id: request.params.id, clientId: apiClient.id };
    const { status, operation } = orRefuse(await redeemDirectRequest(deps, input));
    return { status, operation: await shown(deps, apiClient, operation) };
  });
}

async function openOf(deps: Deps, operation: OperationRow) {
  const reference = await openReferenceFor(deps, operation, await deps.store.now());
  return { reference, link: linkOf(deps, reference), rotateSeconds: openReference.rotates };
}
