import { render } from "preact";
import { App } from "./shell/app.js";
import { embedded, fitFrame } from "./shell/embed.js";
import { keepPage } from "./shell/offline.js";

const root = document.getElementById("app");
if (root) render(<App />, root);

if (embedded) fitFrame();
void keepPage();

// a file dropped outside of a drop zone must not replace the page
for (const type of ["dragover", "drop"] as const) addEventListener(type, (event) => event.preventDefault());
