/** When a browser has to wait for a device: at every authorization. */
import { interactionPolicy } from "oidc-provider";

const { Check, Prompt, base } = interactionPolicy;

export function everyTime() {
  const policy = base();
  policy.clear();
  policy.add(
    new Prompt(
      { name: "login", requestable: true },
      new Check("approval", "each authorization is approved on a device", "login_required", (ctx) =>
        ctx.oidc.result?.login === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    ),
  );
  // What is approved is consented to; asking for it is no error, and `offline_access` needs it.
  policy.add(new Prompt({ name: "consent", requestable: true }));
  return policy;
}
