import { detailVisual } from "@countersign/client/mobile-token";
import { Notice } from "../../../design/components/Notice.tsx";
import { Heading } from "../../shell/Heading.tsx";
import { goBack } from "../../shell/route.ts";
import { Page } from "../../shell/Shell.tsx";
import { texts } from "../../texts/texts.ts";
import { Form } from "../form/Form.tsx";
import type { PendingOperation } from "../pending.ts";
import { DecideBar } from "./DecideBar.tsx";
import { Deadline } from "./Deadline.tsx";

interface OperationDetailProps {
  readonly item: PendingOperation;
  readonly failure: string | undefined;
  readonly onApprove: () => void;
  readonly onReject: () => void;
}

export function OperationDetail({ item, failure, onApprove, onReject }: OperationDetailProps) {
  const t = texts.value;
  const { account, operation } = item;
  const title = detailVisual(operation).title ?? operation.formData.title;
  return (
    <Page onBack={goBack} label={account.name}>
      <div class="stack with-bar">
        <div class="stack stack-tight">
          <Heading>{title || operation.name}</Heading>
          <Deadline expires={item.expires} account={account.id} />
        </div>
        {failure !== undefined && (
          <Notice tone="danger" live>
            {failure}
          </Notice>
        )}
        <Form operation={operation} />
        {operation.ui?.blockApprovalOnCall === true && <Notice tone="warning">{t.operation.call}</Notice>}
      </div>
      <DecideBar isFlipped={operation.ui?.flipButtons === true} onApprove={onApprove} onReject={onReject} />
    </Page>
  );
}
