/** Sends an offer to the containers that its user has already: as `prov` (APV-OFF-1), at once and kept nowhere. */
import { reachableDevices } from "../../push/list.ts";
import { findPushSetting } from "../../push/configure.ts";
import { sendToDevices, type SendDeps } from "../../push/send.ts";
import { pushText } from "../../push/texts.ts";

/** To how many devices it went: a portal shows the QR code where that is none. */
export async function pushOffer(
  deps: SendDeps,
  to: { readonly applicationId: string; readonly userId: string; readonly offer: string; readonly expiresAt: number },
): Promise<number> {
  const { applicationId, userId, offer, expiresAt } = to;
  const { texts } = await findPushSetting(deps, applicationId);
  const devices = (await reachableDevices(deps, { applicationId, userId }, true)).filter(
    ({ protocol }) => protocol === "approve",
  );
  const sent = await sendToDevices(
    deps,
    devices,
    ({ language }) => ({
      content: pushText(texts, "enrolmentOffer", language),
      extras: { prov: offer },
      silent: false,
      priority: "high",
      validUntil: expiresAt,
    }),
    await deps.store.now(),
  );
  return sent.filter(({ sending }) => sending.kind === "sent").length;
}
