/** `/rest/v3/signature/verify` and `/ecdsa`: verification for front servers, and the two asymmetric calls. */
import { fromBase64 } from "@countersign/protocol/bytes";
import { Type } from "typebox";
import { mayUse } from "../../../accounts/api-client.ts";
import type { Deps } from "../../../deps.ts";
import { isRefusal, refuse } from "../../../errors.ts";
import { isSignedByDevice, signWithServerKey } from "../../../signatures/ecdsa.ts";
import { verifyForBackOffice } from "../../../signatures/verify-for-back-office.ts";
import { id, orNull, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { findPowerAuthFor } from "../activation-access.ts";
import { call } from "../call.ts";

const verifyRequest = Type.Object({
  activationId: id,
  applicationKey: text(64),
  data: Type.String(),
  signature: text(255),
  signatureType: text(64),
  signatureVersion: text(8),
  forcedSignatureVersion: orNull(Type.Integer({ minimum: 1, maximum: 9 })),
});

const base64 = Type.String({ maxLength: 1_000_000 });
const ecdsaSignRequest = Type.Object({ activationId: id, data: base64 });
const ecdsaVerifyRequest = Type.Object({
  activationId: id,
  data: base64,
  signature: text(255),
  signatureFormat: orNull(Type.Enum(["DER", "JOSE"])),
});

export function onlineSignatureRoutes(app: Api, deps: Deps): void {
  // A wrong signature is an answer like a right one.
  call(app, "/signature/verify", "integrate", verifyRequest, async (input, client) => {
    const verification = await verifyForBackOffice(deps, {
      ...input,
      forcedSignatureVersion: input.forcedSignatureVersion ?? undefined,
      sees: (activation) => mayUse(client, activation.application_id),
    });
    if (isRefusal(verification)) return verification;
    return { ...verification, signatureType: verification.signatureType.toUpperCase() };
  });

  call(app, "/signature/ecdsa/sign", "integrate", ecdsaSignRequest, async (input, client) => {
    const data = fromBase64(input.data);
    if (data === undefined) return refuse("invalid-request", "data - not Base64");
    const activation = await findPowerAuthFor(deps, client, input.activationId);
    if (activation === undefined) return refuse("activation-not-found");
    return { signature: signWithServerKey(deps, activation, data) };
  });

  call(app, "/signature/ecdsa/verify", "integrate", ecdsaVerifyRequest, async (input, client) => {
    const data = fromBase64(input.data);
    const signature = fromBase64(input.signature);
    if (data === undefined) return refuse("invalid-request", "data - not Base64");
    if (signature === undefined) return refuse("invalid-request", "signature - not Base64");
    const activation = await findPowerAuthFor(deps, client, input.activationId);
    if (activation === undefined) return refuse("activation-not-found");
    const format = input.signatureFormat === "JOSE" ? "jose" : "der";
    return { signatureValid: isSignedByDevice(deps, activation, data, signature, format) };
  });
}
