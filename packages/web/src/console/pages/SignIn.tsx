import { useLayoutEffect, useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { findOpenId, logInAtProvider, providerSession, signIn } from "../state/api.ts";
import { textOf, useLoaded } from "../state/load.ts";
import { filter, route } from "../state/router.ts";
import "../styles/sign-in.css";

/** Why nobody was let in who came back from the provider. */
const problems: Readonly<Record<string, string>> = {
  "log-in-unknown": "This log-in was not begun here, took too long, or was used before. Begin again.",
  "issuer-mixed-up": "The answer came from somebody else than the provider that was asked. Tell your administrator.",
  "provider-refused": "The provider did not log you in.",
  "provider-unavailable": "The provider cannot be reached, or does not say how it is used.",
  "code-not-exchanged": "The provider did not confirm the log-in.",
  "keys-not-found": "The provider’s keys cannot be had.",
  "token-not-valid": "What the provider says about you is not valid.",
  "no-permission": "You are known, but may not use this console. Ask your administrator for a group that may.",
};

/** An operator logs in at the provider, where there is one, or with an API client: its secret leaves with this one request. */
export function SignIn() {
  const [clientId, setClientId] = useState("");
  const [clientSecret, setClientSecret] = useState("");
  const [busy, setBusy] = useState(false);
  const { problem } = route.value.query;
  const [error, setError] = useState(problem && (problems[problem] ?? "The log-in failed."));
  const { value: ways } = useLoaded(async () => ({ openId: await findOpenId() }), "");
  const openId = ways?.openId;
  const elsewhere = openId?.at !== undefined && openId.at !== globalThis.location.origin ? openId.at : undefined;
  // A reload does not say it again.
  useLayoutEffect(() => filter({ problem: undefined }), []);
  const atProvider = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await logInAtProvider();
    } catch (thrown) {
      setError(textOf(thrown));
      setBusy(false);
    }
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await signIn(clientId.trim(), clientSecret.trim());
    } catch (thrown) {
      setClientSecret("");
      setError(textOf(thrown));
    }
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form class="sign-in-card" onSubmit={(event) => void submit(event)}>
        <div class="brand brand-large">
          <span class="brand-mark">
            <Icon name="shield" size={28} />
          </span>
          <div>
            <h1>Countersign</h1>
            <p class="soft">Operator console</p>
          </div>
        </div>
        {error !== undefined && (
          <Notice tone="danger" title="You are not signed in." live>
            {error}
          </Notice>
        )}
        {providerSession.value !== undefined && (
          <Notice title="You are signed out here." live>
            Your provider still knows you. <a href={providerSession.value}>Sign out there, too</a>
          </Notice>
        )}
        {openId !== undefined && (
          <>
            {elsewhere === undefined ? (
              <Button wide busy={busy} onClick={() => void atProvider()}>
                Log in with {openId.name}
              </Button>
            ) : (
              <Notice>
                To log in with {openId.name}, open this console at <span class="code">{elsewhere}/console/</span>
              </Notice>
            )}
            <p class="sign-in-or small soft">or with an API client</p>
          </>
        )}
        <Field
          label="API client"
          name="username"
          value={clientId}
          onValue={setClientId}
          autoComplete="username"
          autoCapitalize="none"
          mono
          required
        />
        <Field
          label="Secret"
          name="password"
          type="password"
          value={clientSecret}
          onValue={setClientSecret}
          autoComplete="current-password"
          required
        />
        <Button type="submit" wide look={openId === undefined ? "main" : "second"} busy={busy}>
          Sign in
        </Button>
        <p class="small soft">
          {openId === undefined && (
            <>
              The first client’s credentials are in <span class="code">bootstrap.json</span> in the data directory.{" "}
            </>
          )}
          You are signed out after eight hours, or half an hour without a touch.
        </p>
      </form>
    </main>
  );
}
