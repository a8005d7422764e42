import {
  MobileTokenDataBuilder,
  type PowerAuthAuthentication,
  PreApprovalScreensRecorder,
  RejectionReason,
} from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { failureText } from "../../shell/failure.ts";
import { texts } from "../../texts/texts.ts";
import { useSecondsLeft } from "../countdown.ts";
import { takeProximity } from "../../link/incoming.ts";
import { Gone } from "../Gone.tsx";
import type { PendingOperation } from "../pending.ts";
import { BeforeApproval } from "../screens/BeforeApproval.tsx";
import { Confirm } from "./Confirm.tsx";
import { OperationDetail } from "./OperationDetail.tsx";
import { type Reason, RejectSheet } from "./RejectSheet.tsx";
import { Result } from "./Result.tsx";

type Phase =
  | { readonly at: "detail" }
  /** One of the screens before the approval. */
  | { readonly at: "screen"; readonly index: number }
  | { readonly at: "confirm" }
  | { readonly at: "done"; readonly outcome: "approved" | "rejected" | "reported" };

interface DecideOperationProps {
  readonly item: PendingOperation;
  /** Said before anything is sent, and taken back when it failed. */
  readonly onDecide: (isDecided: boolean) => void;
}

/** A Mobile Token operation from its detail to the decision. */
export function DecideOperation({ item, onDecide }: DecideOperationProps) {
  const t = texts.value;
  const { account, operation } = item;
  const { operations } = account.services;
  const phase = useSignal<Phase>({ at: "detail" });
  const isRejecting = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const recorder = useMemo(() => new PreApprovalScreensRecorder(account.powerAuth), []);
  const proximity = useRef(takeProximity(operation.id));
  const left = useSecondsLeft(item.expires, account.id);
  const allScreens = operation.ui?.preApprovalScreens ?? [];
  // What a link brought need not be scanned again.
  const screens = allScreens.filter(({ type }) => type !== "QR_SCAN" || proximity.current === undefined);

  const approve = async (authentication: PowerAuthAuthentication) => {
    operation.proximityCheck = proximity.current;
    if (allScreens.length > 0) {
      operation.mobileTokenData = (await new MobileTokenDataBuilder().putRecord(recorder)).build();
    }
    onDecide(true);
    try {
      await operations.authorize(operation, authentication);
      phase.value = { at: "done", outcome: "approved" };
    } catch (error) {
      onDecide(false);
      throw error;
    }
  };

  const reject = async (reason: Reason) => {
    failure.value = undefined;
    onDecide(true);
    try {
      await operations.reject(operation, reasons[reason]());
      phase.value = { at: "done", outcome: reason === "suspicious" ? "reported" : "rejected" };
    } catch (error) {
      onDecide(false);
      failure.value = failureText(error, t);
    }
    isRejecting.value = false;
  };

  const confirm = () => {
    phase.value = { at: "confirm" };
  };
  const next = (index: number) => {
    if (index < screens.length) phase.value = { at: "screen", index };
    else confirm();
  };
  const askReject = () => (isRejecting.value = true);

  const current = phase.value;
  if (left.value === 0 && current.at !== "done") return <Gone isLate />;
  const screen = current.at === "screen" ? screens[current.index] : undefined;
  return (
    <>
      {current.at === "detail" && (
        <OperationDetail item={item} failure={failure.value} onApprove={() => next(0)} onReject={askReject} />
      )}
      {current.at === "screen" && screen !== undefined && (
        <BeforeApproval
          key={current.index}
          screen={screen}
          operationId={operation.id}
          recorder={recorder}
          onProximity={(check) => (proximity.current = check)}
          onNext={() => next(current.index + 1)}
          onBack={() =>
            (phase.value = current.index > 0 ? { at: "screen", index: current.index - 1 } : { at: "detail" })
          }
          onReject={() => void reject("preApproval")}
        />
      )}
      {current.at === "confirm" && (
        <Confirm
          account={account}
          needsPerson={operation.allowedSignatureType.type !== "1FA"}
          allowsPasskey={operation.allowedSignatureType.isBiometryAllowed}
          title={operation.formData.title || operation.name}
          onConfirm={approve}
          onBack={() => (phase.value = { at: "detail" })}
        />
      )}
      {current.at === "done" && <Result outcome={current.outcome} operation={operation} />}
      {isRejecting.value && <RejectSheet onReason={reject} onClose={() => (isRejecting.value = false)} />}
    </>
  );
}

const reasons: Readonly<Record<Reason, () => RejectionReason>> = {
  unexpected: () => RejectionReason.unexpectedOperation(),
  incorrect: () => RejectionReason.incorrectData(),
  other: () => RejectionReason.unknown(),
  suspicious: () => RejectionReason.custom("SUSPICIOUS"),
  preApproval: () => RejectionReason.preApproval(),
};
