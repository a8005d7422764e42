import type { PostApprovalRedirect, PostApprovalScreen } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../../design/components/Button.tsx";
import { texts } from "../../texts/texts.ts";
import { AttributeRow } from "../form/AttributeRow.tsx";
import { isSafeLink } from "../form/picture.ts";
import "../form/form.css";

/** What the bank shows after an approval. A type that is not known has at least heading and message. */
export function AfterApproval({ screen }: { readonly screen: PostApprovalScreen }) {
  const { heading, message } = screen;
  return (
    <div class="card stack stack-tight after">
      {heading !== "" && <h2>{heading}</h2>}
      {message !== "" && <p>{message}</p>}
      {screen.type === "REVIEW" && (
        <div class="form-rows">
          {screen.payload.attributes.map((attribute, index) => (
            <AttributeRow key={index} cell={{ name: attribute.id, attribute }} />
          ))}
        </div>
      )}
      {screen.type === "MERCHANT_REDIRECT" && isSafeLink(screen.payload.redirectUrl) && (
        <Redirect payload={screen.payload} />
      )}
    </div>
  );
}

function Redirect({ payload }: Pick<PostApprovalRedirect, "payload">) {
  const t = texts.value;
  const { redirectText, redirectUrl, countdown } = payload;
  const left = useSignal(countdown);
  useEffect(() => {
    if (countdown === undefined) return;
    const timer = setInterval(() => {
      left.value = Math.max(0, (left.value ?? 0) - 1);
      if (left.value === 0) {
        clearInterval(timer);
        location.assign(redirectUrl);
      }
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <Button wide onClick={() => location.assign(redirectUrl)}>
        {redirectText || new URL(redirectUrl).host}
      </Button>
      <p class="small soft" role="status">
        {left.value !== undefined && left.value > 0 && t.result.redirectIn(left.value)}
      </p>
    </>
  );
}
