import { render } from "preact";
import "../design/tokens.css";
import "../design/base.css";

const root = document.getElementById("app");
if (root !== null) render(<h1>Countersign: console</h1>, root);
