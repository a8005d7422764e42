import { Button } from "../design/components/Button.tsx";
import { Icon } from "../design/components/Icon.tsx";
import type { Customer, Payment } from "./api.ts";
import { Shop } from "./pay/Shop.tsx";
import { Transfer } from "./pay/Transfer.tsx";
import { inEuros, statusText } from "./pay/words.ts";
import { open, state, useLooking, load } from "./state.ts";

export function Home({ customer }: { readonly customer: Customer }) {
  const payments = state.value?.payments ?? [];
  const waits = payments.some(({ status }) => status === "waiting");
  useLooking(async () => {
    if (!waits) return false;
    await load();
    return true;
  }, String(waits));
  return (
    <div class="home">
      <div class="column">
        <section class="account" aria-labelledby="account">
          <h1 id="account">Everyday account</h1>
          <p class="balance">{inEuros(customer.balance)}</p>
          <p class="account-number">{customer.iban.replace(/(.{4})(?=.)/g, "$1 ")}</p>
        </section>
        <Phone devices={customer.devices} />
        <Recent payments={payments} />
      </div>
      <div class="column">
        <Shop />
        <Transfer />
      </div>
    </div>
  );
}

function Phone({ devices }: { readonly devices: number }) {
  const connect = () => (open.value = { at: "connect" });
  return (
    <section class="card phone" aria-labelledby="phone">
      <span class={`round ${devices > 0 ? "round-good" : ""}`}>
        <Icon name={devices > 0 ? "shield" : "phone"} />
      </span>
      <div>
        <h2 id="phone">Your phone</h2>
        <p class="soft">
          {devices === 0
            ? "No phone is connected: nothing can be approved."
            : devices === 1
              ? "One device may approve for you."
              : `${devices} devices may approve for you.`}
        </p>
      </div>
      <Button look={devices === 0 ? "main" : "second"} onClick={connect}>
        Connect a phone
      </Button>
    </section>
  );
}

function Recent({ payments }: { readonly payments: readonly Payment[] }) {
  return (
    <section class="card" aria-labelledby="recent">
      <h2 id="recent">Recent payments</h2>
      {payments.length === 0 ? (
        <p class="soft">Nothing yet. Buy something, or send money.</p>
      ) : (
        <ul class="recent">
          {payments.slice(0, 6).map(({ id, title, amount, status }) => (
            <li key={id}>
              <button type="button" class="recent-row" onClick={() => (open.value = { at: "payment", id })}>
                <span class="recent-title">
                  {title}
                  <span class={`recent-status status-${status}`}>{statusText[status]}</span>
                </span>
                <span class="recent-amount">{inEuros(amount)}</span>
                <Icon name="forward" size={20} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
