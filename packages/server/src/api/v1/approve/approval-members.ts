/** Members of templates and operations that only Approve devices are told and asked. */
import { type Static, Type } from "typebox";
import type { ApprovalDetails, ApprovalPolicy } from "../../../approve/transactions/approval.ts";
import { jsonObject, name, plainObject, text } from "../../members.ts";
import { closed } from "../members.ts";

export const approvalPolicy = closed({
  statuses: Type.Optional(
    Type.Array(
      closed({
        status: text(64),
        effect: Type.Enum(["approve", "deny", "report"]),
        key: Type.Enum(["tx", "auth"]),
        uv: Type.Enum(["required", "none"]),
      }),
      { minItems: 2, maxItems: 8, description: "What a person may answer; `approve` and `decline` by default" },
    ),
  ),
  match: Type.Optional(
    Type.Enum(["enter", "scan"], { description: "The person gives six digits that stand on another screen" }),
  ),
  cancelable: Type.Optional(Type.Boolean()),
});

/** A copy that the schema's type takes. */
export function policyJson({ statuses, ...more }: ApprovalPolicy): Static<typeof approvalPolicy> {
  return { ...more, ...(statuses !== undefined && { statuses: statuses.map((one) => ({ ...one })) }) };
}

export const approvalDetails = {
  clientName: Type.Optional(Type.String({ ...name, description: "Who asks, as the device shows it" })),
  bindingMessage: Type.Optional(text(256)),
  authorizationDetails: Type.Optional(Type.Array(jsonObject, { minItems: 1, maxItems: 16 })),
  request: Type.Optional(Type.String({ ...text(32_768), description: "A request that the relying party signed" })),
  origin: Type.Optional(
    closed({
      ipAddress: Type.Optional(text(64)),
      userAgent: Type.Optional(text(512)),
      location: Type.Optional(text(255)),
    }),
  ),
  payload: Type.Optional(text(16_384)),
};
const detailsSchema = closed(approvalDetails);

/** Throws `invalid-request` for details that are nested too deeply. */
export function detailsOf(body: Static<typeof detailsSchema>, clientId: string): ApprovalDetails | undefined {
  const { clientName, bindingMessage, authorizationDetails, request, origin, payload } = body;
  const details: ApprovalDetails = {
    ...(clientName !== undefined && { client: { id: clientId, name: clientName } }),
    ...(bindingMessage !== undefined && { bindingMessage }),
    ...(authorizationDetails !== undefined && {
      authorizationDetails: plainObject(authorizationDetails, "authorizationDetails") as object[],
    }),
    ...(request !== undefined && { request }),
    ...(origin !== undefined && { origin }),
    ...(payload !== undefined && { payload }),
  };
  return Object.keys(details).length === 0 ? undefined : details;
}
