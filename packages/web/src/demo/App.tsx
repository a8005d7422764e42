import { Button } from "../design/components/Button.tsx";
import { Notice } from "../design/components/Notice.tsx";
import { ask, type State } from "./api.ts";
import { Connect } from "./Connect.tsx";
import { Home } from "./Home.tsx";
import { LogIn } from "./LogIn.tsx";
import { OrderSheet } from "./pay/OrderSheet.tsx";
import { PaymentSheet } from "./pay/PaymentSheet.tsx";
import { open, problem, state } from "./state.ts";
import { Welcome } from "./Welcome.tsx";
import "./pay/pay.css";
import "./demo.css";

export function App() {
  const { customer, authenticator, console: operators } = state.value ?? {};
  return (
    <>
      <header class="bar">
        <div class="bar-in">
          <p class="mark">
            <Mark /> Harbourline <span>Bank</span>
          </p>
          {customer !== undefined && (
            <p class="who">
              <span class="who-name">{customer.name}</span>
              <Button look="plain" onClick={() => void leave()}>
                Log out
              </Button>
            </p>
          )}
        </div>
      </header>
      <main class="main" id="content">
        {problem.value !== undefined && (
          <Notice tone="danger" live>
            {problem.value}
          </Notice>
        )}
        {state.value !== undefined && (customer === undefined ? <Welcome /> : <Home customer={customer} />)}
      </main>
      <footer class="foot small soft">
        <p>A demo bank. Its money is not real; its approvals are.</p>
        <p>
          <a href={authenticator}>Authenticator</a> · <a href={operators}>Console</a>
        </p>
      </footer>
      <Over />
    </>
  );
}

function Over() {
  const over = open.value;
  switch (over?.at) {
    case "connect":
      return <Connect />;
    case "log-in":
      return <LogIn />;
    case "order":
      return <OrderSheet {...over} />;
    case "payment":
      return <PaymentSheet key={over.id} id={over.id} />;
    case undefined:
      return null;
  }
}

async function leave(): Promise<void> {
  state.value = await ask<State>("/session/end", {});
}

function Mark() {
  return (
    <svg class="mark-sign" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="currentColor" />
      <path d="M6 20c3.3 0 3.3-2.4 6.7-2.4S16 20 19.300 20s3.300-2.400 6.700-2.400" class="mark-line" />
      <path d="M16 6v8M11 14h10l-2 4h-6z" class="mark-line" />
      <path d="M6 25c3.300 0 3.300-2.400 6.700-2.400S16 25 19.300 25s3.300-2.400 6.700-2.400" class="mark-line" />
    </svg>
  );
}
