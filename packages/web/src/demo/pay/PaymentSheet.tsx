import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { ask, type Payment, textOf } from "../api.ts";
import { Qr } from "../Qr.tsx";
import { load, open, put, state, useLooking } from "../state.ts";
import { OfflineCode } from "./OfflineCode.tsx";
import { Receipt } from "./Receipt.tsx";
import { inEuros, statusText } from "./words.ts";

/** One payment: what it waits for, or how it ended. */
export function PaymentSheet({ id }: { readonly id: string }) {
  const payment = state.value?.payments?.find((one) => one.id === id);
  // Codes come with the payment alone, not with the list.
  const codes = useSignal<Pick<Payment, "qr" | "link">>({});
  const close = () => {
    open.value = undefined;
    void load();
  };
  useLooking(async () => {
    const now = await ask<Payment>(`/payments/${id}`);
    codes.value = { ...(now.qr && { qr: now.qr }), ...(now.link && { link: now.link }) };
    put(now);
    if (now.status !== "waiting") await load();
    return now.status === "waiting";
  }, id);
  if (payment === undefined) return null;
  const isWaiting = payment.status === "waiting";
  return (
    <Sheet title={isWaiting ? "Approve with your phone" : statusText[payment.status]} onClose={close}>
      <p class="order">
        <span>{payment.title}</span>
        <strong>{inEuros(payment.amount)}</strong>
      </p>
      {isWaiting ? <Waiting payment={payment} {...codes.value} /> : <Outcome payment={payment} />}
      <Button wide look={payment.status === "approved" ? "main" : "plain"} onClick={close}>
        {isWaiting ? "Close" : "Done"}
      </Button>
    </Sheet>
  );
}

function Waiting({ payment, qr, link }: { readonly payment: Payment } & Pick<Payment, "qr" | "link">) {
  const busy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const cancel = async () => {
    busy.value = true;
    try {
      put(await ask<Payment>(`/payments/${payment.id}/cancel`, {}));
    } catch (error) {
      problem.value = textOf(error);
    }
    busy.value = false;
  };
  return (
    <>
      {payment.way === "phone" && (
        <>
          <p class="pulse" role="status">
            <span class="pulse-dot" aria-hidden="true" /> Your phone is asked.
          </p>
          <div class="words">
            <p class="small soft">Both screens show</p>
            <p class="words-text">{payment.words}</p>
          </div>
          <a class="button button-second button-wide" href={state.value?.authenticator} target="authenticator">
            Open the authenticator on this device
          </a>
        </>
      )}
      {payment.way === "near" && qr !== undefined && (
        <>
          <p class="soft">Scan this in the authenticator. The code changes every half minute.</p>
          <Qr text={qr} label="Code for the phone beside this screen" />
          <a class="button button-second button-wide" href={link} target="authenticator">
            Open the authenticator on this device
          </a>
        </>
      )}
      {payment.way === "offline" && qr !== undefined && (
        <>
          <Qr text={qr} label="The payment, for a phone without a network" />
          <OfflineCode id={payment.id} />
        </>
      )}
      {problem.value !== undefined && (
        <Notice tone="danger" live>
          {problem.value}
        </Notice>
      )}
      <p class="until small soft">
        <Icon name="clock" size={20} /> <Left until={payment.expiresAt} />
      </p>
      <Button wide look="danger-plain" busy={busy.value} onClick={() => void cancel()}>
        Cancel the payment
      </Button>
    </>
  );
}

function Left({ until }: { readonly until: number }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((until - now.value) / 1000));
  return (
    <span>
      {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")} left to approve
    </span>
  );
}

const endings: Readonly<Record<Exclude<Payment["status"], "waiting" | "approved">, string>> = {
  rejected: "You rejected it on your phone. No money has moved.",
  expired: "Nobody approved it in time. No money has moved.",
  failed: "It was not carried out. No money has moved.",
};

function Outcome({ payment }: { readonly payment: Payment }) {
  const { status } = payment;
  if (status === "waiting") return null;
  if (status !== "approved") {
    return (
      <Notice tone={status === "rejected" ? "danger" : "warning"} live>
        {endings[status]}
      </Notice>
    );
  }
  return <Receipt payment={payment} />;
}
