import { render } from "preact";
import { App } from "./shell/app.js";

const root = document.getElementById("app");
if (root) render(<App />, root);

// Keeps the page for visits without a network; where it is refused, or there is none, all else works.
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("./sw.js").catch(() => {});
