import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Icon, type IconName } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { ask, BankError, type Payment, textOf, type Way } from "../api.ts";
import { open, put } from "../state.ts";
import { inEuros } from "./words.ts";

interface OrderProps {
  readonly title: string;
  readonly amount: string;
  readonly order: object;
}

const ways: readonly { way: Way; icon: IconName; title: string; text: string }[] = [
  { way: "phone", icon: "phone", title: "Ask my phone", text: "It shows the payment within a second." },
  {
    way: "near",
    icon: "scan",
    title: "Phone beside this screen",
    text: "Scan a code here: nobody far away can approve.",
  },
  {
    way: "offline",
    icon: "offline",
    title: "Phone without a network",
    text: "Scan a code, and type the digits it shows.",
  },
];

/** How does the customer want to approve? */
export function OrderSheet({ title, amount, order }: OrderProps) {
  const busy = useSignal<Way | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  const close = () => (open.value = undefined);
  const pay = async (way: Way) => {
    busy.value = way;
    failure.value = undefined;
    try {
      const payment = await ask<Payment>("/payments", { ...order, way });
      put(payment);
      open.value = { at: "payment", id: payment.id };
    } catch (error) {
      failure.value = error;
    }
    busy.value = undefined;
  };
  const isAlone = failure.value instanceof BankError && failure.value.code === "no-device";
  return (
    <Sheet title="How do you want to approve?" onClose={close}>
      <p class="order">
        <span>{title}</span>
        <strong>{inEuros(amount)}</strong>
      </p>
      {failure.value !== undefined && (
        <Notice tone="danger" live>
          {textOf(failure.value)}
        </Notice>
      )}
      {isAlone ? (
        <Button wide onClick={() => (open.value = { at: "connect" })}>
          Connect a phone
        </Button>
      ) : (
        <ul class="ways">
          {ways.map(({ way, icon, title: name, text }) => (
            <li key={way}>
              <button
                type="button"
                class="way"
                disabled={busy.value !== undefined}
                aria-busy={busy.value === way || undefined}
                onClick={() => void pay(way)}
              >
                <span class="round">
                  <Icon name={icon} />
                </span>
                <span class="way-text">
                  <strong>{name}</strong>
                  <span class="soft small">{text}</span>
                </span>
                <Icon name="forward" size={20} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Button wide look="plain" onClick={close}>
        Cancel
      </Button>
    </Sheet>
  );
}
