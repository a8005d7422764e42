import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { ask, type Payment, type Proof, textOf } from "../api.ts";

/** The proof of an approval: to keep, and to hold against the server's key here and now. */
export function Receipt({ payment: { id, factors = [] } }: { readonly payment: Payment }) {
  const proof = useSignal<Proof | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const verify = async () => {
    busy.value = true;
    problem.value = undefined;
    try {
      proof.value = await ask<Proof>(`/payments/${id}/proof`);
    } catch (error) {
      problem.value = textOf(error);
    }
    busy.value = false;
  };
  return (
    <>
      <Notice tone="good" live title="Approved on your phone">
        {factors.length > 0 ? `Proved by ${factors.join(" and ")}.` : "The money is on its way."}
      </Notice>
      {problem.value !== undefined && (
        <Notice tone="danger" live>
          {problem.value}
        </Notice>
      )}
      {proof.value !== undefined && <Verified {...proof.value} />}
      <div class="pair">
        <a class="button button-second" href={`api/payments/${id}/receipt`} download="receipt.jws">
          <Icon name="download" size={20} /> Receipt
        </a>
        <Button look="second" busy={busy.value} onClick={() => void verify()}>
          <Icon name="shield" size={20} /> Verify it
        </Button>
      </div>
    </>
  );
}

function Verified({ issuer, data, evidence, isForgeryRefused }: Proof) {
  return (
    <div class="proof" role="status">
      <p>
        <Icon name="check" size={20} /> The signature is the server’s, by a key the bank pinned before.
      </p>
      {isForgeryRefused && (
        <p>
          <Icon name="check" size={20} /> With one digit of the amount changed, it is refused.
        </p>
      )}
      <dl>
        <dt>Signed on the phone</dt>
        <dd class="code">{data}</dd>
        <dt>Evidence</dt>
        <dd class="code">{evidence}</dd>
        <dt>Issuer</dt>
        <dd class="code">{issuer}</dd>
      </dl>
    </div>
  );
}
