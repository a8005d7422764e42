/** `/rest/v3/activation/*`: the life of an activation, from its code to its end. */
import { Type } from "typebox";
import { createActivation } from "../../activations/create.ts";
import { commitActivation } from "../../activations/commit.ts";
import { initActivation } from "../../activations/init.ts";
import { updateOtp } from "../../activations/otp.ts";
import { prepareActivation, type Prepared } from "../../activations/prepare.ts";
import { activationDetail } from "../../activations/status.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { epochMs, id, instant, isoDate, jsonObject, name, orNull, plainObject, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { addressed, requireActivation, requireApplicationOfKey } from "./activation-access.ts";
import { call, requireApplications } from "./call.ts";
import { cryptogram, cryptogramOf, versionOf } from "./encryption.ts";

const otp = orNull(text(255));
const maxFailureCount = orNull(Type.Integer());
/** Only this protocol is spoken here; FIDO2 registrations are made elsewhere. */
const protocol = orNull(Type.Literal("powerauth"));

const initRequest = Type.Object({
  protocol,
  userId: name,
  applicationId: name,
  timestampActivationExpire: orNull(instant),
  maxFailureCount,
  activationOtpValidation: orNull(Type.Enum(["NONE", "ON_KEY_EXCHANGE", "ON_COMMIT"])),
  commitPhase: orNull(Type.Enum(["ON_COMMIT", "ON_KEY_EXCHANGE"])),
  activationOtp: otp,
  flags: orNull(Type.Array(name, { maxItems: 100 })),
  additionalData: orNull(jsonObject),
  parentActivationId: orNull(id),
  transferType: orNull(Type.Enum(["SPAWN", "MOVE"])),
});

const prepareRequest = Type.Object({
  activationCode: text(64),
  applicationKey: text(64),
  protocolVersion: text(8),
  ...cryptogram,
});

const createRequest = Type.Object({
  userId: name,
  timestampActivationExpire: orNull(instant),
  maxFailureCount,
  applicationKey: text(64),
  activationOtp: otp,
  protocolVersion: text(8),
  ...cryptogram,
});

const commitRequest = Type.Object({ activationId: id, externalUserId: orNull(name), activationOtp: otp });
const otpRequest = Type.Object({ activationId: id, externalUserId: orNull(name), activationOtp: text(255) });
const statusRequest = Type.Object({ activationId: id, challenge: orNull(text(64)) });

export function activationRoutes(app: Api, deps: Deps): void {
  call(app, "/activation/init", "integrate", initRequest, async (input, client) => {
    requireApplications(client, input.applicationId);
    const { parentActivationId, transferType } = input;
    if ((parentActivationId ?? undefined) === undefined && (transferType ?? undefined) !== undefined) {
      return refuse("invalid-request", "transferType - not without parentActivationId");
    }
    if (typeof parentActivationId === "string") await requireActivation(deps, client, parentActivationId);
    return initActivation(deps, {
      applicationId: input.applicationId,
      userId: input.userId,
      expiresAt: expiry(input.timestampActivationExpire),
      maxFailedAttempts: input.maxFailureCount ?? undefined,
      commitPhase: input.commitPhase ?? undefined,
      otpValidation: input.activationOtpValidation ?? undefined,
      otp: input.activationOtp ?? undefined,
      flags: input.flags ?? undefined,
      additionalData: plainObject(input.additionalData, "additionalData"),
      parent:
        typeof parentActivationId === "string"
          ? { activationId: parentActivationId, type: transferType ?? "SPAWN" }
          : undefined,
      clientId: client.id,
    });
  });

  call(app, "/activation/prepare", "integrate", prepareRequest, async (input, client) => {
    await requireApplicationOfKey(deps, client, input.applicationKey);
    const version = versionOf(input.protocolVersion, "protocolVersion");
    return prepared(
      await prepareActivation(deps, {
        activationCode: input.activationCode,
        header: { applicationKey: input.applicationKey, version },
        cryptogram: cryptogramOf(input),
      }),
    );
  });

  call(app, "/activation/create", "integrate", createRequest, async (input, client) => {
    await requireApplicationOfKey(deps, client, input.applicationKey);
    const version = versionOf(input.protocolVersion, "protocolVersion");
    return prepared(
      await createActivation(deps, {
        userId: input.userId,
        header: { applicationKey: input.applicationKey, version },
        cryptogram: cryptogramOf(input),
        expiresAt: expiry(input.timestampActivationExpire),
        maxFailedAttempts: input.maxFailureCount ?? undefined,
        otp: input.activationOtp ?? undefined,
        clientId: client.id,
      }),
    );
  });

  call(app, "/activation/otp/update", "integrate", otpRequest, async (input, client) => {
    const { activationId } = input;
    await requireActivation(deps, client, activationId);
    const externalUserId = input.externalUserId ?? undefined;
    return updateOtp(deps, { activationId, otp: input.activationOtp, externalUserId, clientId: client.id });
  });

  call(app, "/activation/commit", "integrate", commitRequest, async (input, client) => {
    const { activationId } = input;
    await requireActivation(deps, client, activationId);
    return commitActivation(deps, {
      activationId,
      otp: input.activationOtp ?? undefined,
      externalUserId: input.externalUserId ?? undefined,
      clientId: client.id,
    });
  });

  call(app, "/activation/status", ["integrate", "operate"], statusRequest, async (input, client) => {
    const activationId = await addressed(deps, client, input.activationId);
    const detail = await activationDetail(deps, { activationId, challenge: input.challenge ?? undefined });
    if (isRefusal(detail)) return detail;
    const { nonce, timestampCreated, timestampLastUsed, timestampLastChange, ...members } = detail;
    return {
      ...members,
      activationId: input.activationId,
      protocol: "powerauth",
      encryptedStatusBlobNonce: nonce ?? null,
      timestampCreated: isoDate(timestampCreated),
      timestampLastUsed: isoDate(timestampLastUsed),
      timestampLastChange: isoDate(timestampLastChange),
    };
  });
}

function expiry(value: string | number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : epochMs(value, "timestampActivationExpire");
}

function prepared(result: Prepared | Refusal) {
  if (isRefusal(result)) return result;
  const { activation, cryptogram: answer } = result;
  return {
    activationId: activation.id,
    userId: activation.user_id,
    applicationId: activation.application_id,
    ...answer,
    activationStatus: activation.status,
  };
}
