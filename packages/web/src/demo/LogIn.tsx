import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../design/components/Button.tsx";
import { Notice } from "../design/components/Notice.tsx";
import { Sheet } from "../design/components/Sheet.tsx";
import { ask, type LogInState, textOf } from "./api.ts";
import { Qr } from "./Qr.tsx";
import { load, open, useLooking } from "./state.ts";

/** A code for whoever scans it: the bank asks for no name. */
export function LogIn() {
  const shown = useSignal<LogInState | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const close = () => (open.value = undefined);
  const begin = async () => {
    problem.value = undefined;
    try {
      shown.value = await ask<LogInState>("/log-in", {});
    } catch (error) {
      problem.value = textOf(error);
    }
  };
  useEffect(() => void begin(), []);
  const status = shown.value?.status;
  useLooking(
    async () => {
      if (status === undefined || status === "over") return false;
      const next = await ask<LogInState>("/log-in");
      if (next.status === "approved") {
        await load();
        close();
        return false;
      }
      shown.value = next;
      return next.status !== "over";
    },
    status === undefined || status === "over" ? "not yet" : "looking",
  );
  const { qr, link } = shown.value ?? {};
  return (
    <Sheet title="Log in with your phone" onClose={close}>
      {problem.value !== undefined && (
        <Notice tone="danger" live>
          {problem.value}
        </Notice>
      )}
      {status === "over" && (
        <>
          <Notice tone="warning" live>
            Nobody was logged in.
          </Notice>
          <Button wide onClick={() => void begin()}>
            Show another code
          </Button>
        </>
      )}
      {status === "claimed" && (
        <Notice live title="Your phone has it">
          Approve the log-in there.
        </Notice>
      )}
      {status === "waiting" && qr !== undefined && (
        <>
          <p class="soft">Scan this with the authenticator. The code changes every half minute.</p>
          <Qr text={qr} label="Code to log in with" />
          <a class="button button-second button-wide" href={link} target="authenticator">
            Open the authenticator on this device
          </a>
        </>
      )}
      <Button wide look="plain" onClick={close}>
        Cancel
      </Button>
    </Sheet>
  );
}
