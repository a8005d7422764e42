import { render } from "preact";
import "../design/tokens.css";
import "./brand/brand.css";
import "../design/base.css";
import { chooseLanguage, setLanguage } from "../texts/language.ts";
import { openAccounts } from "./accounts/accounts.ts";
import { App } from "./App.tsx";
import { brand } from "./brand/brand.ts";
import { followAddress } from "./shell/route.ts";
import { texts } from "./texts/texts.ts";

setLanguage(chooseLanguage(navigator.languages));
document.title = `${brand.name} · ${texts.value.app.title}`;
followAddress();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
void openAccounts();
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("service-worker.js");
