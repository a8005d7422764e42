import {
  type PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  type PowerAuthPassword,
} from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { keepAccount } from "../accounts/accounts.ts";
import { deviceName } from "../accounts/approve.ts";
import { openInstance } from "../accounts/mobile-token.ts";
import { unlock } from "../lock/lock.ts";
import { ChoosePin } from "../pin/ChoosePin.tsx";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { Page } from "../shell/Shell.tsx";
import { type Texts, texts } from "../texts/texts.ts";
import type { Issued } from "./Connect.tsx";
import { OfferPasskey } from "./OfferPasskey.tsx";
import { Ready } from "./Ready.tsx";

type Step =
  | { readonly at: "exchange" }
  | { readonly at: "failed"; readonly text: string }
  | { readonly at: "pin" }
  | { readonly at: "biometry" }
  | { readonly at: "ready" };

/** Exchanges keys, has a PIN chosen, offers a passkey, and waits for the other side. */
export function ConnectMobileToken({ issued, onLeave }: { readonly issued: Issued; readonly onLeave: () => void }) {
  const t = texts.value;
  const step = useSignal<Step>({ at: "exchange" });
  const busy = useSignal(false);
  const fingerprint = useSignal("");
  const biometryFailed = useSignal(false);
  const device = useRef<PowerAuth>(undefined);
  const pin = useRef<PowerAuthPassword>(undefined);
  const { code, ...known } = issued;

  const exchange = async () => {
    step.value = { at: "exchange" };
    try {
      // Named anew each time: what an attempt left behind belongs to nobody.
      device.current = await openInstance({ id: crypto.randomUUID(), ...known });
      const activation = PowerAuthActivation.createWithActivationCode(code, deviceName());
      fingerprint.value = (await device.current.createActivation(activation)).activationFingerprint;
      step.value = { at: "pin" };
    } catch (error) {
      await device.current?.deconfigure();
      step.value = { at: "failed", text: exchangeFailure(error, t) };
    }
  };
  useEffect(() => {
    void exchange();
    return () => void pin.current?.release();
  }, []);

  const choose = async (chosen: PowerAuthPassword) => {
    pin.current = chosen;
    const info = await device.current?.getBiometryInfo();
    if (info?.canAuthenticate === "OK") step.value = { at: "biometry" };
    else await keep(false);
  };

  const keep = async (withBiometry: boolean) => {
    const [opened, chosen] = [device.current, pin.current];
    if (opened === undefined || chosen === undefined) return;
    busy.value = true;
    const prompt = { promptMessage: t.biometry.prompt };
    const authentication = withBiometry
      ? PowerAuthAuthentication.persistWithPasswordAndBiometry(chosen, prompt)
      : PowerAuthAuthentication.persistWithPassword(chosen);
    try {
      await opened.persistActivation(authentication);
      // Who has just chosen the PIN need not enter it again.
      unlock();
      await keepAccount({ kind: "mobile-token", id: opened.instanceId, createdAt: Date.now(), ...known });
      await chosen.release();
      step.value = { at: "ready" };
    } catch (error) {
      biometryFailed.value = withBiometry && failureOf(error) === "passkey";
      if (!biometryFailed.value) step.value = { at: "failed", text: failureText(error, t) };
    }
    busy.value = false;
  };

  switch (step.value.at) {
    case "exchange":
      return (
        <Page onBack={onLeave}>
          <p role="status" class="soft">
            {t.app.loading}
          </p>
        </Page>
      );
    case "failed":
      return (
        <Page onBack={onLeave}>
          <section class="stack">
            <Heading>{t.add.title}</Heading>
            <Notice tone="danger" live>
              {step.value.text}
            </Notice>
            <Button wide onClick={() => void exchange()}>
              {t.app.retry}
            </Button>
          </section>
        </Page>
      );
    case "pin":
      return (
        <Page onBack={onLeave}>
          <ChoosePin onPin={(chosen) => void choose(chosen)} busy={busy.value} />
        </Page>
      );
    case "biometry":
      return (
        <OfferPasskey
          busy={busy.value}
          hasFailed={biometryFailed.value}
          onUse={() => void keep(true)}
          onLater={() => void keep(false)}
        />
      );
    case "ready":
      return <Ready id={device.current?.instanceId ?? ""} code={fingerprint.value} onDone={onLeave} />;
  }
}

function exchangeFailure(error: unknown, t: Texts): string {
  const { code, errorData } = error as { code?: string; errorData?: { serverResponseCode?: string } };
  if (code === "SIGNATURE_ERROR") return t.add.notGenuine;
  if (code === "INVALID_ACTIVATION_CODE") return t.add.codeWrong;
  return errorData?.serverResponseCode === "ERR_ACTIVATION" ? t.add.expired : failureText(error, t);
}
