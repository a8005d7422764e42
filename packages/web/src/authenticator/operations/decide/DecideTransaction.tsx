import type { ProtectionPolicy, Transaction } from "@countersign/client/approve";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Notice } from "../../../design/components/Notice.tsx";
import { hasPasskey } from "../../accounts/approve.ts";
import { failureOf, failureText } from "../../shell/failure.ts";
import { Heading } from "../../shell/Heading.tsx";
import { goBack } from "../../shell/route.ts";
import { Page } from "../../shell/Shell.tsx";
import { texts } from "../../texts/texts.ts";
import { useSecondsLeft } from "../countdown.ts";
import { Gone } from "../Gone.tsx";
import type { PendingTransaction } from "../pending.ts";
import { readText } from "../transaction-text.ts";
import { AskPassword } from "./AskPassword.tsx";
import { DecideBar } from "./DecideBar.tsx";
import { Deadline } from "./Deadline.tsx";
import { EnterNumber } from "./EnterNumber.tsx";
import { type Reason, RejectSheet } from "./RejectSheet.tsx";
import { type Outcome, Result } from "./Result.tsx";
import { answerers, needsPassword, open } from "./transaction.ts";
import "../form/form.css";

type Phase =
  | { readonly at: "open" }
  | { readonly at: "detail" }
  | { readonly at: "number" }
  /** `run` is what the password is for. */
  | { readonly at: "password"; readonly run: (password: Uint8Array | null) => Promise<void> }
  | { readonly at: "done"; readonly outcome: Outcome };

interface DecideTransactionProps {
  readonly item: PendingTransaction;
  readonly onDecide: (isDecided: boolean) => void;
}

/** A transaction of an Approve server, from its text to the decision. */
export function DecideTransaction({ item, onDecide }: DecideTransactionProps) {
  const t = texts.value;
  const transaction = useRef<Transaction | undefined>(item.transaction);
  const phase = useSignal<Phase>({ at: item.transaction === undefined ? "open" : "detail" });
  const failure = useSignal<string | undefined>(undefined);
  const isRejecting = useSignal(false);
  const number = useRef<string>(undefined);
  const left = useSecondsLeft(transaction.current?.expiryDate ?? item.expires, item.account.id);
  const isHere = transaction.current;
  const canUsePasskey = usePasskey((isHere?.signingKey ?? item.info.protectionKey).protectionPolicy);

  const opening = async (password: Uint8Array | null) => {
    transaction.current = await open(item, password);
    phase.value = { at: "detail" };
  };

  /** Sends, and shows how it went. A password that is missing or wrong is asked for. */
  const decide = async (outcome: Outcome, send: (password: Uint8Array | null) => Promise<void>, ask: boolean) => {
    const run = async (password: Uint8Array | null) => {
      onDecide(true);
      try {
        await send(password);
        phase.value = { at: "done", outcome };
      } catch (error) {
        // There is one try: it is over, as if it had been decided.
        if (failureOf(error) === "number-wrong") return void (phase.value = { at: "done", outcome: "failed" });
        onDecide(false);
        throw error;
      }
    };
    failure.value = undefined;
    isRejecting.value = false;
    if (ask) return void (phase.value = { at: "password", run });
    try {
      await run(null);
    } catch (error) {
      const kind = failureOf(error);
      if (kind === "secret-wrong" || kind === "passkey") phase.value = { at: "password", run };
      else {
        failure.value = failureText(error, t);
        phase.value = { at: "detail" };
      }
    }
  };

  const approve = async () => {
    if (isHere === undefined) return;
    const send = (password: Uint8Array | null) => answerers.approve(isHere, password, number.current);
    await decide("approved", send, await needsPassword(isHere));
  };
  const reject = async (reason: Reason) => {
    if (isHere === undefined) return;
    const isReport = reason === "suspicious";
    const send = (password: Uint8Array | null) => answerers[isReport ? "report" : "reject"](isHere, password);
    await decide(isReport ? "reported" : "rejected", send, false);
  };

  const current = phase.value;
  if (left.value === 0 && current.at !== "done") return <Gone isLate />;
  const secret = (run: (password: Uint8Array | null) => Promise<void>) => ({
    name: item.account.name,
    onPassword: run,
    onPasskey: canUsePasskey ? () => run(null) : undefined,
  });
  const toDetail = () => (phase.value = { at: "detail" });
  switch (current.at) {
    case "open":
      return <AskPassword {...secret(opening)} onBack={goBack} />;
    case "password":
      return <AskPassword {...secret(current.run)} onBack={toDetail} />;
    case "number":
      return (
        <EnterNumber
          mode={isHere?.numberMatching ?? "enter"}
          onNumber={(digits) => {
            number.current = digits;
            void approve();
          }}
          onBack={toDetail}
        />
      );
    case "done":
      return <Result outcome={current.outcome} />;
    case "detail":
      return (
        <Page onBack={goBack} label={item.account.name}>
          <div class="stack with-bar">
            <TransactionText transaction={isHere} account={item.account.id} />
            {failure.value !== undefined && (
              <Notice tone="danger" live>
                {failure.value}
              </Notice>
            )}
          </div>
          <DecideBar
            onApprove={() => {
              if (isHere?.numberMatching === null) void approve();
              else phase.value = { at: "number" };
            }}
            onReject={() => (isRejecting.value = true)}
          />
          {isRejecting.value && <RejectSheet onReason={reject} onClose={() => (isRejecting.value = false)} />}
        </Page>
      );
  }
}

function usePasskey(policy: ProtectionPolicy): boolean {
  const has = useSignal(false);
  useEffect(() => void hasPasskey(policy).then((answer) => (has.value = answer)), [policy.id]);
  return has.value;
}

interface TransactionTextProps {
  readonly transaction: Transaction | undefined;
  readonly account: string;
}

function TransactionText({ transaction, account }: TransactionTextProps) {
  if (transaction === undefined) return null;
  const { title, rows } = readText(transaction.toString());
  return (
    <>
      <div class="stack stack-tight">
        <Heading>{title}</Heading>
        <Deadline expires={transaction.expiryDate ?? undefined} account={account} />
      </div>
      {rows.length > 0 && (
        <div class="card form-rows">
          {rows.map(({ label, value }, index) =>
            label === "" ? (
              <p key={index} class="form-text">
                {value}
              </p>
            ) : (
              <dl key={index} class="form-row">
                <dt>{label}</dt>
                <dd>{value}</dd>
              </dl>
            ),
          )}
        </div>
      )}
    </>
  );
}
