import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { open } from "../state.ts";

export function Transfer() {
  const amount = useSignal("25.00");
  const iban = useSignal("CZ27 3030 0000 0011 6525 4011");
  const note = useSignal("Thank you");
  const problem = useSignal<string | undefined>(undefined);
  const send = (event: Event) => {
    event.preventDefault();
    const isAmount = /^\d{1,6}([.,]\d{1,2})?$/.test(amount.value.trim());
    problem.value = isAmount ? undefined : "Enter an amount such as 25.00.";
    if (!isAmount) return;
    const order = { amount: amount.value, iban: iban.value, note: note.value };
    open.value = { at: "order", title: note.value || "Transfer", amount: amount.value.replace(",", "."), order };
  };
  return (
    <section class="card" aria-labelledby="transfer">
      <h2 id="transfer">Send money</h2>
      <form class="transfer" onSubmit={send} noValidate>
        <Field
          label="Amount in euros"
          value={amount.value}
          onValue={(text) => (amount.value = text)}
          inputMode="decimal"
          maxLength={12}
          error={problem.value}
        />
        <Field label="For" value={note.value} onValue={(text) => (note.value = text)} maxLength={60} />
        <div class="transfer-wide">
          <Field
            label="To account"
            value={iban.value}
            onValue={(text) => (iban.value = text)}
            maxLength={50}
            mono
            autoCapitalize="characters"
          />
        </div>
        <div class="transfer-wide">
          <Button wide type="submit">
            Continue
          </Button>
        </div>
      </form>
    </section>
  );
}
