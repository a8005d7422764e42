import { Button } from "../../../design/components/Button.tsx";
import { texts } from "../../texts/texts.ts";
import "./decide.css";

interface DecideBarProps {
  /** The two change places, so that nobody approves by habit. */
  readonly isFlipped?: boolean;
  readonly approveText?: string;
  readonly onApprove: () => void;
  readonly onReject: () => void;
}

/** Always in reach, at the lower edge. */
export function DecideBar({ isFlipped = false, approveText, onApprove, onReject }: DecideBarProps) {
  const t = texts.value;
  const approve = (
    <Button key="approve" wide onClick={onApprove}>
      {approveText ?? t.operation.approve}
    </Button>
  );
  const reject = (
    <Button key="reject" wide look="second" onClick={onReject}>
      {t.operation.reject}
    </Button>
  );
  return <div class="decide-bar">{isFlipped ? [approve, reject] : [reject, approve]}</div>;
}
