/** What a container does with transactions: list, fetch, answer, cancel; and what it starts itself (Approve protocol §7 to §9). */
import { Type } from "typebox";
import { signDirectly } from "../../approve/direct/sign.ts";
import { answerTransaction } from "../../approve/transactions/answer.ts";
import { cancelTransaction } from "../../approve/transactions/cancel.ts";
import { pastTransactions } from "../../approve/transactions/history.ts";
import { fetchTransaction } from "../../approve/transactions/issue.ts";
import { pendingReferences } from "../../approve/transactions/pending.ts";
import { directIdToken } from "../../oidc/direct.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import { text } from "../members.ts";
import { type Api, callerOf } from "../surfaces.ts";
import { closed } from "../v1/members.ts";
import { provenCall, provenContainer } from "./call.ts";

const params = closed({ tid: text(64) });
const message = text(65_536);

export function transactionRoutes(app: Api, deps: Deps): void {
  app.get("/approve/v1/transactions", async (request) => ({
    references: await pendingReferences(deps, await provenContainer(deps, request)),
  }));

  app.post(
    "/approve/v1/history",
    { schema: { body: closed({ after: Type.Optional(text(64)) }) } },
    async (request) => ({
      history: orRefuse(await pastTransactions(deps, await provenContainer(deps, request), request.body.after)),
    }),
  );

  const fetched = { params, body: closed({ ref: Type.Optional(text(2048)) }) };
  app.post("/approve/v1/transactions/:tid", { schema: fetched }, async (request) => {
    const container = await provenContainer(deps, request);
    const { language } = callerOf(request);
    const input = { operationId: request.params.tid, container, reference: request.body.ref, language };
    return { transaction: orRefuse(await fetchTransaction(deps, input)) };
  });

  const answered = { params, body: closed({ response: message }) };
  app.post("/approve/v1/transactions/:tid/response", { schema: answered }, async (request) => {
    const { container, claim, now } = await provenCall(deps, request);
    const { ipAddress, userAgent } = callerOf(request);
    const input = { operationId: request.params.tid, container, claim, now, text: request.body.response };
    return orRefuse(await answerTransaction(deps, { ...input, ipAddress, userAgent }));
  });

  const canceled = { params, body: closed({ cancel: message }) };
  app.post("/approve/v1/transactions/:tid/cancel", { schema: canceled }, async (request) => {
    const { container, claim, now } = await provenCall(deps, request);
    const { ipAddress, userAgent } = callerOf(request);
    const input = { operationId: request.params.tid, container, claim, now, text: request.body.cancel };
    return orRefuse(await cancelTransaction(deps, { ...input, ipAddress, userAgent }));
  });

  app.post("/approve/v1/direct", { schema: { body: closed({ request: message }) } }, async (request) => {
    const { container, claim, now } = await provenCall(deps, request);
    const { ipAddress, userAgent } = callerOf(request);
    const call = { container, claim, now, text: request.body.request, ipAddress, userAgent };
    const { requestId, expiresAt } = orRefuse(await signDirectly(deps, call));
    const idToken = await directIdToken(deps, requestId);
    return { requestId, expiresAt: Math.floor(expiresAt / 1000), ...(idToken !== undefined && { idToken }) };
  });
}
