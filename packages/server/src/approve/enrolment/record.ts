/** What a device is told of its container after enrolment and renewal: signed, and encrypted to it (APV-ENR-4). */
import { type EnrolRecord, enrolRecord, renewRecord } from "@countersign/protocol/approve/enrol";
import type { NamedJwk } from "@countersign/protocol/approve/keys";
import { sealMessage } from "@countersign/protocol/approve/jwe";
import { protocolVersion } from "@countersign/protocol/approve/transaction";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import { type Container, type ContainerKey, findContainer, keyFor } from "../container.ts";
import type { DeviceType } from "../device-types/device-type.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { partiesOf } from "./parties.ts";
import { otpSecretsOf } from "../otp/otp-secret.ts";
import { activeServerKey, signForDevices } from "../server-key.ts";

type RecordDeps = Pick<Deps, "store" | "secrets" | "signingKeys" | "publicUrl">;

/**
 * After a renewal it names the keys that wait for their acknowledgement, and still goes to the key that is active.
 * Undefined when none wait, because they were acknowledged at this moment.
 */
export async function recordFor(
  deps: RecordDeps,
  activationId: string,
  after: "enrol" | "renewal",
): Promise<string | undefined> {
  const container = await findContainer(deps, activationId);
  if (container === undefined) throw new Error("A container that was just written is not there");
  const state = after === "enrol" ? "ACTIVE" : "PENDING";
  const keys = container.keys.filter((key) => key.state === state);
  if (keys.length === 0) return undefined;
  // One look at the server's keys: the record, its signature and its envelope name the same one.
  const signer = await deps.signingKeys.current();
  const serverKey = activeServerKey(signer);
  const record = await recordOf(deps, container, { keys, after, serverKey });
  const message = after === "enrol" ? enrolRecord : renewRecord;
  const text = await signForDevices({ signingKeys: signer }, message, record);
  const { kid, jwk } = keyFor(container, "enc");
  return sealMessage(text, jwk, { serverKid: serverKey.kid, containerKid: kid });
}

async function recordOf(
  deps: RecordDeps,
  { activation, row }: Container,
  about: {
    readonly keys: readonly ContainerKey[];
    readonly after: "enrol" | "renewal";
    readonly serverKey: NamedJwk;
  },
): Promise<EnrolRecord> {
  const { keys, after, serverKey } = about;
  const type = await findDeviceType(deps, row.device_type);
  if (isRefusal(type)) throw new Error("A container has no device type");
  const renewal = row.renewal === null ? undefined : (JSON.parse(row.renewal) as { readonly transcript: string });
  const otp = after === "enrol" ? await otpSecretsOf(deps, activation.id, type.otp) : [];
  const parties = await partiesOf(deps, activation.application_id);
  const renewBefore = keys.find(({ use }) => use === "tx")?.expiresAt;
  return {
    iss: deps.publicUrl,
    aud: activation.id,
    cid: activation.id,
    iat: Math.floor(activation.created_at / 1000),
    tenant: activation.tenant,
    user: activation.user_id,
    name: activation.name ?? "",
    keys: keys.map(({ use, kid, policyId, expiresAt }) => ({
      use,
      kid,
      policy: policyId,
      ...(expiresAt !== null && { exp: Math.floor(expiresAt / 1000) }),
    })),
    policies: JSON.parse(row.policies) as EnrolRecord["policies"],
    serverKeys: [serverKey],
    suite: "ES256",
    minVer: protocolVersion,
    transcript: after === "renewal" ? (renewal?.transcript ?? row.transcript) : row.transcript,
    ...(renewBefore != null && { renewBefore: Math.floor(renewBefore / 1000) }),
    ...(type.defaultClient !== null && { client: type.defaultClient }),
    features: featuresOf(type),
    ...(otp.length > 0 && { otp }),
    ...(parties.length > 0 && { parties }),
  };
}

function featuresOf({ features: { cancel, direct, renew }, otp }: DeviceType): EnrolRecord["features"] {
  return { cancel, direct, renew, otp: otp.length > 0 };
}
