import { render } from "preact";
import "../design/tokens.css";
import "./brand.css";
import "../design/base.css";
import { App } from "./App.tsx";
import { load } from "./state.ts";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
void load();
