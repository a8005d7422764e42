import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { ask, textOf } from "../api.ts";

/** Two groups of eight digits, as the phone shows them. */
export function OfflineCode({ id }: { readonly id: string }) {
  const first = useSignal("");
  const second = useSignal("");
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const send = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    problem.value = undefined;
    try {
      await ask(`/payments/${id}/code`, { code: `${first.value}-${second.value}`.replaceAll(" ", "") });
    } catch (error) {
      problem.value = textOf(error);
    }
    busy.value = false;
  };
  const field = { mono: true, inputMode: "numeric", autoComplete: "off", maxLength: 9 } as const;
  return (
    <form class="halves" onSubmit={(event) => void send(event)} noValidate>
      <Field label="First eight digits" value={first.value} onValue={(text) => (first.value = text)} {...field} />
      <Field
        label="Second eight digits"
        value={second.value}
        onValue={(text) => (second.value = text)}
        error={problem.value}
        {...field}
      />
      <Button wide type="submit" busy={busy.value}>
        Approve with these digits
      </Button>
    </form>
  );
}
