/** What a front server passes on of a request that a device signed. */
import { utf8 } from "@countersign/protocol/bytes";
import { readHeaderMembers } from "@countersign/protocol/powerauth/headers";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import type { Device } from "./device.ts";

/** Request object of `/signature/verify`, for a request to `/login`. */
export function signedRequest(
  by: Device,
  app: { readonly applicationKey: string },
  signing: { readonly factors?: "possession" | "possession_knowledge"; readonly pin?: string } = {},
) {
  const body = '{"a":1}';
  const [header] = Object.values(by.sign({ uriId: "/login", body, ...signing }));
  const parts = readHeaderMembers(header!)!;
  return {
    activationId: by.activationId,
    applicationKey: app.applicationKey,
    data: signatureBase("POST", "/login", parts.pa_nonce!, utf8(body)),
    signature: parts.pa_signature!,
    signatureType: parts.pa_signature_type!.toUpperCase(),
    signatureVersion: "3.3",
  };
}
