/** `/rest/v3/signature/offline/*`: QR codes for devices without a network, and the codes that people retype. */
import { fromBase64 } from "@countersign/protocol/bytes";
import { Type } from "typebox";
import { mayUse } from "../../../accounts/api-client.ts";
import type { Deps } from "../../../deps.ts";
import { refuse } from "../../../errors.ts";
import { nonPersonalizedPayload, personalizedPayload } from "../../../signatures/offline-payload.ts";
import { verifyOfflineForBackOffice } from "../../../signatures/verify-offline-for-back-office.ts";
import { id, name, orNull, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { findPowerAuthFor } from "../activation-access.ts";
import { call, requireApplications } from "../call.ts";

/** Signed as it stands; no QR code holds more. */
const data = text(7089);
const seed = text(255);
const stepLength = Type.Integer({ minimum: 1, maximum: 86_400 });
const stepCount = Type.Integer({ minimum: 0, maximum: 100 });

const personalizedRequest = Type.Object({
  activationId: id,
  data,
  nonce: orNull(text(64)),
  proximityCheck: orNull(Type.Object({ seed, stepLength })),
});

const verifyRequest = Type.Object({
  activationId: id,
  data: Type.String({ minLength: 1 }),
  signature: text(255),
  componentLength: orNull(Type.Integer({ minimum: 4, maximum: 8 })),
  allowBiometry: orNull(Type.Boolean()),
  proximityCheck: orNull(Type.Object({ seed, stepLength, stepCount })),
});

export function offlineSignatureRoutes(app: Api, deps: Deps): void {
  const path = "/signature/offline";

  call(app, `${path}/personalized/create`, "integrate", personalizedRequest, async (input, client) => {
    const proximity = input.proximityCheck ?? undefined;
    const bytes = proximity && fromBase64(proximity.seed);
    if (proximity !== undefined && (bytes === undefined || bytes.length === 0)) {
      return refuse("invalid-request", "proximityCheck.seed - not Base64");
    }
    const activation = await findPowerAuthFor(deps, client, input.activationId);
    if (activation === undefined) return refuse("activation-not-found");
    return personalizedPayload(deps, {
      activation,
      data: input.data,
      nonce: input.nonce ?? undefined,
      proximity: proximity && bytes && { seed: bytes, step: proximity.stepLength },
    });
  });

  const masterRequest = Type.Object({ applicationId: name, data });
  call(app, `${path}/non-personalized/create`, "integrate", masterRequest, async (input, client) => {
    requireApplications(client, input.applicationId);
    return nonPersonalizedPayload(deps, input);
  });

  // A wrong code is an answer like a right one.
  call(app, `${path}/verify`, "integrate", verifyRequest, async (input, client) => {
    const verification = await verifyOfflineForBackOffice(deps, {
      activationId: input.activationId,
      data: input.data,
      signature: input.signature,
      componentLength: input.componentLength ?? undefined,
      allowBiometry: input.allowBiometry ?? false,
      proximityCheck: input.proximityCheck ?? undefined,
      sees: (activation) => mayUse(client, activation.application_id),
    });
    if ("refused" in verification) return verification;
    return { ...verification, signatureType: verification.signatureType.toUpperCase() };
  });
}
