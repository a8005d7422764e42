import { effect } from "@preact/signals";
import { render } from "preact";
import "../design/tokens.css";
import "./brand/brand.css";
import "../design/base.css";
import { readAccounts } from "./accounts/accounts.ts";
import { App } from "./App.tsx";
import { brand } from "./brand/brand.ts";
import { readOpening } from "./link/opening.ts";
import { loadScreens } from "./loaded.ts";
import { readLock } from "./lock/lock.ts";
import { useChosenLanguage } from "./settings/language-choice.ts";
import { followAddress, go, readRoute } from "./shell/route.ts";
import { texts } from "./texts/texts.ts";

readOpening();
addEventListener("hashchange", readOpening);
followAddress();
effect(() => {
  document.title = `${brand.name} · ${texts.value.app.title}`;
});

async function open(): Promise<void> {
  await Promise.all([readAccounts(), useChosenLanguage(), readLock()]);
  const root = document.getElementById("app");
  if (root !== null) render(<App />, root);
  await painted();
  await loadScreens();
}

/** The first screen is there for whoever looks: what takes longer comes after it. */
function painted(): Promise<void> {
  if (document.visibilityState === "hidden") return Promise.resolve();
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });
}

void open();

if ("serviceWorker" in navigator) {
  void navigator.serviceWorker.register("service-worker.js");
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<{ to?: string }>) => {
    if (typeof data.to === "string") go(readRoute(data.to));
  });
}
