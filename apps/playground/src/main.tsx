import { render } from "preact";
import { App } from "./shell/app.js";
import { keepPage } from "./shell/offline.js";

const root = document.getElementById("app");
if (root) render(<App />, root);

void keepPage();

// a file that misses its place must not take the page away
for (const type of ["dragover", "drop"] as const) addEventListener(type, (event) => event.preventDefault());
