/** The Mobile Token API: what a device does with operations. Authenticated by a token (reading) or a signature. */
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse, type Refusal } from "../../errors.ts";
import { claimOperation } from "../../operations/claim.ts";
import type { Decided } from "../../operations/decide.ts";
import { decideOnDevice, type DeviceDecision, type ProximityProof } from "../../operations/decide-on-device.ts";
import { findForDevice, isEntitledViewer, pendingForDevice, refuseState } from "../../operations/detail.ts";
import { listForDevice } from "../../operations/list.ts";
import { authenticate, type Authentication } from "../../signatures/authenticate.ts";
import type { OperationRow } from "../../store/store.ts";
import { acceptedOrRefused, signatureHeaderOf, signedRequestOf } from "../device-request.ts";
import { compactDate, epochMs, id, instant, isoDate, jsonObject, orNull, plainObject, text } from "../members.ts";
import { deviceOperation } from "../operation-json.ts";
import { type Api, callerOf, okEnvelope } from "../surfaces.ts";
import { type TokenHolder, tokenHolder } from "./token-holder.ts";

const base = "/api/auth/token/app/operation";

const twoFactors: readonly FactorCombination[] = ["possession_knowledge", "possession_biometry"];
/** The template of the operation restricts these further. */
const approvalFactors: readonly FactorCombination[] = ["possession", ...twoFactors];

const byId = Type.Object({ requestObject: Type.Object({ id }) });

const proximityCheckBody = Type.Object({
  // Whatever is no password is a failed try of the proven device, not a malformed request.
  otp: text(255, 0),
  type: Type.Enum(["QR_CODE", "DEEPLINK"]),
  timestampReceived: orNull(instant),
  timestampSent: orNull(instant),
});

const authorizeBody = Type.Object({
  requestObject: Type.Object({
    id,
    data: Type.String(),
    proximityCheck: orNull(proximityCheckBody),
    mobileTokenData: orNull(jsonObject),
  }),
});

const cancelBody = Type.Object({
  requestObject: Type.Object({ id, reason: orNull(text(4000, 0)), mobileTokenData: orNull(jsonObject) }),
});

export function mobileTokenRoutes(app: Api, deps: Deps): void {
  app.post(`${base}/list`, async (request) => {
    const { viewer } = await tokenHolder(deps, request);
    const shown = await shownTo(deps, request);
    return timed(deps, (await listForDevice(deps, viewer, "pending")).map(shown));
  });

  app.post(`${base}/detail`, { schema: { body: byId } }, async (request) => {
    const { viewer } = await tokenHolder(deps, request);
    const operation = orRefuse(await findForDevice(deps, request.body.requestObject.id, viewer));
    return timed(deps, (await shownTo(deps, request))(operation));
  });

  app.post(`${base}/detail/claim`, { schema: { body: byId } }, async (request) => {
    const holder = await tokenHolder(deps, request);
    const operation = orRefuse(await claim(deps, request.body.requestObject.id, holder));
    return timed(deps, (await shownTo(deps, request))(orRefuse(pendingForDevice(operation, holder.viewer))));
  });

  app.post(`${base}/history`, async (request) => {
    const header = signatureHeaderOf(request);
    const signed = signedRequestOf(request, header, "/operation/history", twoFactors);
    const authentication = await authenticate(deps, "public", signed, { accepted: () => ({ result: undefined }) });
    const { proof } = await acceptedOrRefused(deps, request, authentication);
    const shown = await shownTo(deps, request);
    return okEnvelope((await listForDevice(deps, proof.activation, "all")).map(shown));
  });

  app.post(`${base}/authorize`, { schema: { body: authorizeBody } }, async (request) => {
    const { id: operationId, data, proximityCheck, mobileTokenData } = request.body.requestObject;
    const more = plainObject(mobileTokenData, "mobileTokenData");
    const proximity = proximityOf(proximityCheck ?? undefined);
    await decide(deps, request, "/operation/authorize", approvalFactors, {
      ...decisionBase("approve", operationId, request),
      data,
      ...(proximity !== undefined && { proximity }),
      ...(more !== undefined && { mobileTokenData: more }),
    });
    return okEnvelope();
  });

  app.post(`${base}/cancel`, { schema: { body: cancelBody } }, async (request) => {
    const { id: operationId, reason, mobileTokenData } = request.body.requestObject;
    const more = plainObject(mobileTokenData, "mobileTokenData");
    await decide(deps, request, "/operation/cancel", ["possession"], {
      ...decisionBase("reject", operationId, request),
      ...(typeof reason === "string" && { reason }),
      ...(more !== undefined && { mobileTokenData: more }),
    });
    return okEnvelope();
  });
}

async function claim(
  deps: Deps,
  operationId: string,
  { viewer, factors }: TokenHolder,
): Promise<OperationRow | Refusal> {
  const flags = JSON.parse(viewer.flags) as string[];
  const { id: activationId, user_id: userId, application_id: applicationId } = viewer;
  return claimOperation(deps, {
    operationId,
    userId,
    flags,
    by: { kind: "device", activationId, userId, applicationId, flags, factors },
    sees: (operation) => isEntitledViewer(operation, viewer),
  });
}

function decisionBase(
  action: "approve" | "reject",
  operationId: string,
  request: FastifyRequest,
): Omit<DeviceDecision, "data" | "reason" | "proximity" | "mobileTokenData"> {
  return { action, operationId, ...callerOf(request) };
}

/** The times are what the device says: kept, never relied on. */
function proximityOf(check: Static<typeof proximityCheckBody> | undefined): ProximityProof | undefined {
  if (check === undefined) return undefined;
  const at = (member: "timestampReceived" | "timestampSent") => {
    const time = check[member] ?? undefined;
    return time === undefined ? {} : { [member]: isoDate(epochMs(time, `proximityCheck.${member}`)) };
  };
  const { otp, type } = check;
  return { otp, type, ...at("timestampReceived"), ...at("timestampSent") };
}

async function decide(
  deps: Deps,
  request: FastifyRequest,
  uriId: string,
  allowed: readonly FactorCombination[],
  input: DeviceDecision,
): Promise<void> {
  const signed = signedRequestOf(request, signatureHeaderOf(request), uriId, allowed);
  const authentication = await decideOnDevice(deps, signed, input);
  refuseUsedUp(authentication);
  const { result } = await acceptedOrRefused(deps, request, authentication);
  const refusal = refusalOf(result);
  if (refusal !== undefined) throw new RefusedError(refusal);
}

/** A proven device whose wrong PIN took the operation's last try is told so, as after any other last try. */
function refuseUsedUp(authentication: Authentication<Decided>): void {
  if (authentication.valid) return;
  const note = authentication.note as Decided | undefined;
  if (note?.kind === "attempt-failed" && note.operation.status === "FAILED") {
    throw new RefusedError(refuse("operation-out-of-tries"));
  }
}

function refusalOf(result: Decided): Refusal | undefined {
  switch (result.kind) {
    case "decided":
      return undefined;
    case "not-found":
    case "not-entitled":
      return refuse("operation-not-found");
    case "final":
      return refuseState(result.operation);
    case "flag-missing":
      return refuse("operation-flag");
    case "device-held":
      return refuse("unauthenticated");
    case "attempt-failed":
      return refuse(result.operation.status === "FAILED" ? "operation-out-of-tries" : "operation-failed");
  }
}

/** Operations as whoever sent this request is shown them. */
async function shownTo(deps: Pick<Deps, "displayTemplates">, request: FastifyRequest) {
  const templates = await deps.displayTemplates.current();
  const { language } = callerOf(request);
  return (operation: OperationRow) => deviceOperation(operation, templates.show(operation, language));
}

/** Devices measure how long an operation stays open by the server's clock. */
async function timed<T>(deps: Pick<Deps, "store">, responseObject: T) {
  return { ...okEnvelope(responseObject), currentTimestamp: compactDate(await deps.store.now()) };
}
