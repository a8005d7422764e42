import { useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { signIn } from "../state/api.ts";
import { textOf } from "../state/load.ts";
import "../styles/sign-in.css";

/** An operator signs in with the credentials of an API client; the secret leaves the page with this one request. */
export function SignIn() {
  const [clientId, setClientId] = useState("");
  const [clientSecret, setClientSecret] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
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
        <Button type="submit" wide busy={busy}>
          Sign in
        </Button>
        <p class="small soft">
          The first client’s credentials are in <span class="code">bootstrap.json</span> in the data directory. You are
          signed out after eight hours, or half an hour without a touch.
        </p>
      </form>
    </main>
  );
}
