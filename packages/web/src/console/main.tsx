import { render } from "preact";
import "../design/tokens.css";
import "../design/base.css";
import { App } from "./App.tsx";
import { findSession } from "./state/api.ts";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
void findSession();
