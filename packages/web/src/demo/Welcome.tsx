import { useSignal } from "@preact/signals";
import { Button } from "../design/components/Button.tsx";
import { Icon } from "../design/components/Icon.tsx";
import { ask, type State, textOf } from "./api.ts";
import { open, problem, state } from "./state.ts";

/** Before anybody is logged in. */
export function Welcome() {
  const busy = useSignal(false);
  const enter = async () => {
    busy.value = true;
    try {
      state.value = await ask<State>("/session", {});
    } catch (error) {
      problem.value = textOf(error);
    }
    busy.value = false;
  };
  return (
    <section class="welcome">
      <div class="welcome-text">
        <h1>Your bank. Your phone. Your word.</h1>
        <p class="lead">
          Nothing leaves your account until you have seen it on your own phone and approved it there. You get a signed
          receipt for everything you approve.
        </p>
        <ul class="promises">
          <li>
            <Icon name="phone" /> Approve payments on your phone
          </li>
          <li>
            <Icon name="scan" /> Log in without a password
          </li>
          <li>
            <Icon name="shield" /> Keep proof that anybody can verify
          </li>
        </ul>
      </div>
      <div class="card enter">
        <h2>Log in</h2>
        <p class="soft">This is a demo: go in as Anna and connect a phone. From then on, log in with it.</p>
        <Button wide busy={busy.value} onClick={() => void enter()}>
          Go in as Anna
        </Button>
        <Button wide look="second" onClick={() => (open.value = { at: "log-in" })}>
          <Icon name="scan" size={20} /> Log in with your phone
        </Button>
      </div>
    </section>
  );
}
