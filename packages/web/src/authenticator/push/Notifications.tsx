import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import { Switch } from "../../design/components/Switch.tsx";
import { texts } from "../texts/texts.ts";
import { canSubscribe, isSubscribed, subscribe, unsubscribe } from "./subscribe.ts";

/** Not there where the server sends none. */
export function Notifications() {
  const t = texts.value;
  const state = useSignal<"on" | "off" | "none">("none");
  const busy = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const look = async () => {
    state.value = (await canSubscribe()) ? ((await isSubscribed()) ? "on" : "off") : "none";
  };
  useEffect(() => void look(), []);
  if (state.value === "none") return null;
  const change = async (isOn: boolean) => {
    busy.value = true;
    failure.value = undefined;
    try {
      await (isOn ? subscribe() : unsubscribe());
    } catch {
      failure.value =
        Notification.permission === "denied" ? t.settings.notificationsDenied : t.settings.notificationsFailed;
    }
    await look();
    busy.value = false;
  };
  return (
    <div>
      <Switch
        label={t.settings.notifications}
        hint={t.settings.notificationsText}
        isOn={state.value === "on"}
        disabled={busy.value}
        onChange={(isOn) => void change(isOn)}
      />
      {failure.value !== undefined && (
        <Notice tone="warning" live>
          {failure.value}
        </Notice>
      )}
    </div>
  );
}
