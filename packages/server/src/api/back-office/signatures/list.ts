/** `/rest/v3/signature/list`: what was verified for a user. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { listSignatures, type VerifiedSignature } from "../../../signatures/list.ts";
import { epochMs, instant, isoDate, name, numericId, orNull } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { call, requireApplications } from "../call.ts";

const listRequest = Type.Object({
  userId: name,
  applicationId: orNull(name),
  timestampFrom: orNull(instant),
  timestampTo: orNull(instant),
});

export function signatureListRoutes(app: Api, deps: Pick<Deps, "store">): void {
  call(app, "/signature/list", ["integrate", "operate"], listRequest, async (input, client) => {
    const applicationId = input.applicationId ?? undefined;
    if (applicationId !== undefined) requireApplications(client, applicationId);
    const own = client.applications && [...client.applications];
    const date = (value: string | number | null | undefined, member: string) =>
      value === null || value === undefined ? undefined : epochMs(value, member);
    const signatures = await listSignatures(deps, {
      userId: input.userId,
      applicationIds: applicationId === undefined ? own : [applicationId],
      from: date(input.timestampFrom, "timestampFrom"),
      to: date(input.timestampTo, "timestampTo"),
    });
    return { items: signatures.map(auditItem) };
  });
}

/** PowerAuth back office, signature audit. The signature, its counter data and what it signed are not kept: a digest is. */
function auditItem(signature: VerifiedSignature) {
  const { biometryAllowed } = signature;
  return {
    id: numericId(signature.id),
    userId: signature.userId,
    applicationId: signature.applicationId,
    activationId: signature.activationId,
    activationCounter: signature.counter,
    activationCtrData: null,
    activationStatus: "ACTIVE",
    additionalInfo: [
      ...(biometryAllowed === true ? [{ key: "BIOMETRY_ALLOWED", value: "TRUE" }] : []),
      { key: "SIGNED_DATA_SHA256", value: signature.signedSha256 },
    ],
    dataBase64: null,
    signatureVersion: signature.protocolVersion,
    signatureType: signature.factors.join("_").toUpperCase(),
    signature: null,
    note: signature.valid ? "signature_ok" : "signature_does_not_match",
    valid: signature.valid,
    version: 3,
    timestampCreated: isoDate(signature.at),
  };
}
