import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../design/components/Button.tsx";
import { Notice } from "../design/components/Notice.tsx";
import { Sheet } from "../design/components/Sheet.tsx";
import { ask, type ConnectionState, type Invitation, type Kind, textOf } from "./api.ts";
import { Qr } from "./Qr.tsx";
import { load, open, state, useLooking } from "./state.ts";

const kinds = [
  ["mobile-token", "Mobile Token"],
  ["approve", "Approve"],
] as const;

/** A code for the phone, the same digits on both screens, and the customer's word that they are the same. */
export function Connect() {
  const invitation = useSignal<Invitation | undefined>(undefined);
  const connection = useSignal<ConnectionState>({ state: "waiting" });
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const kind = useSignal<Kind>("mobile-token");
  const close = () => {
    open.value = undefined;
    void load();
  };
  const begin = async () => {
    connection.value = { state: "waiting" };
    problem.value = undefined;
    try {
      invitation.value = await ask<Invitation>("/connection", { kind: kind.value });
    } catch (error) {
      problem.value = textOf(error);
    }
  };
  useEffect(() => void begin(), [kind.value]);
  useLooking(async () => {
    if (invitation.value === undefined) return false;
    connection.value = await ask<ConnectionState>("/connection");
    return connection.value.state === "waiting" || connection.value.state === "confirm";
  }, invitation.value?.qr ?? "");
  const confirm = async () => {
    busy.value = true;
    try {
      connection.value = await ask<ConnectionState>("/connection/confirm", {});
    } catch (error) {
      problem.value = textOf(error);
    }
    busy.value = false;
  };
  const { state: at, digits = "" } = connection.value;
  return (
    <Sheet title="Connect your phone" onClose={close}>
      {problem.value !== undefined && (
        <Notice tone="danger" live>
          {problem.value}
        </Notice>
      )}
      {at === "waiting" && invitation.value !== undefined && (
        <>
          <div class="kinds" role="group" aria-label="Kind of account">
            {kinds.map(([one, name]) => (
              <Button
                key={one}
                look={one === kind.value ? "main" : "plain"}
                aria-pressed={one === kind.value}
                onClick={() => (kind.value = one)}
              >
                {name}
              </Button>
            ))}
          </div>
          <Code {...invitation.value} />
        </>
      )}
      {at === "confirm" && (
        <>
          <p>Does your phone show these digits? Then nobody is in between.</p>
          <p class="digits code" role="status">
            {digits}
          </p>
          <Button wide busy={busy.value} onClick={() => void confirm()}>
            Yes, they are the same
          </Button>
        </>
      )}
      {at === "active" && (
        <>
          <Notice tone="good" live title="Your phone is connected">
            From now on it is asked before money leaves your account.
          </Notice>
          <Button wide onClick={close}>
            Done
          </Button>
        </>
      )}
      {at === "gone" && (
        <>
          <Notice tone="warning" live>
            This code is of no use any more.
          </Notice>
          <Button wide onClick={() => void begin()}>
            Show another code
          </Button>
        </>
      )}
      {at !== "active" && (
        <Button wide look="plain" onClick={close}>
          Cancel
        </Button>
      )}
    </Sheet>
  );
}

function Code({ code, qr, link }: Invitation) {
  return (
    <>
      <ol class="steps">
        <li>
          Open the{" "}
          <a href={state.value?.authenticator} target="authenticator">
            authenticator
          </a>{" "}
          on your phone or in another tab.
        </li>
        <li>{code === undefined ? "Scan this code." : "Scan this code, or choose “I have a code” and type it."}</li>
      </ol>
      <Qr text={qr} label="Code to connect with" />
      {code !== undefined && <p class="digits code">{code}</p>}
      <a class="button button-second button-wide" href={link} target="authenticator">
        Open the authenticator on this device
      </a>
    </>
  );
}
