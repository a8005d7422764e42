import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { entry } from "../activation/entered.ts";
import { receive } from "../link/incoming.ts";
import { scannedOffline } from "../offline/scanned-offline.ts";
import { openTransaction } from "../operations/open-transaction.ts";
import { failureOf } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { go, goBack, toApprovals } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { Camera } from "./Camera.tsx";
import { readScanned } from "./scanned.ts";

/** One camera for every code there is; what was read says where to go. */
export function ScanPage() {
  const t = texts.value;
  const problem = useSignal<string | undefined>(undefined);
  const read = (text: string): boolean => {
    problem.value = undefined;
    const scanned = readScanned(text);
    switch (scanned?.kind) {
      case "entry":
        entry.value = scanned.entry;
        return true;
      case "offline":
        scannedOffline.value = scanned.text;
        go({ at: "offline" }, { replace: true });
        return true;
      case "proximity":
        return readProximity(scanned.text);
      case "transaction":
        void openTransaction(scanned.text).then(
          ({ account, id }) => go({ at: "operation", account, id }, { replace: true }),
          (error: unknown) => {
            problem.value = failureOf(error) === "network" ? t.errors.network : t.scan.otherUser;
          },
        );
        return false;
      case "number":
      case undefined:
        problem.value = t.scan.unknown;
        return false;
    }
  };
  const readProximity = (text: string): boolean => {
    try {
      receive(text, "QR_CODE");
      toApprovals();
      return true;
    } catch {
      problem.value = t.scan.unknown;
      return false;
    }
  };
  return (
    <Page onBack={goBack}>
      <section class="stack">
        <Heading>{t.scan.title}</Heading>
        <Camera onText={read} />
        {problem.value !== undefined && (
          <Notice tone="warning" live>
            {problem.value}
          </Notice>
        )}
        <Button wide look="plain" onClick={() => go({ at: "add", by: "choice" })}>
          {t.scan.type}
        </Button>
      </section>
    </Page>
  );
}
