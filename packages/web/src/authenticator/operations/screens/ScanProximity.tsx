import { PacUtils, ProximityCheck, ProximityCheckType } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { Notice } from "../../../design/components/Notice.tsx";
import { Camera } from "../../scan/Camera.tsx";
import { texts } from "../../texts/texts.ts";

interface ScanProximityProps {
  readonly operationId: string;
  readonly onCheck: (check: ProximityCheck) => void;
}

/** Reads the code that stands on the other screen for this very operation. */
export function ScanProximity({ operationId, onCheck }: ScanProximityProps) {
  const t = texts.value;
  const problem = useSignal<string | undefined>(undefined);
  const read = (text: string): boolean => {
    const found = parsed(text);
    problem.value = undefined;
    if (found === undefined) problem.value = t.scan.unknown;
    else if (found.oid !== operationId) problem.value = t.link.none;
    else if (found.potp !== undefined) {
      onCheck(new ProximityCheck(found.potp, ProximityCheckType.QR_CODE));
      return true;
    }
    return false;
  };
  return (
    <>
      <Camera onText={read} />
      {problem.value !== undefined && (
        <Notice tone="warning" live>
          {problem.value}
        </Notice>
      )}
    </>
  );
}

function parsed(text: string) {
  try {
    return PacUtils.parseQRCode(text.trim());
  } catch {
    return undefined;
  }
}
