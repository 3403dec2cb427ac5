import { render } from "preact";
import { App } from "./shell/app.js";

const root = document.getElementById("app");
if (root) render(<App />, root);

// The service worker keeps the page for visits without a network; where it is refused, all else works.
if (import.meta.env.PROD && "serviceWorker" in navigator)
  void navigator.serviceWorker.register("./sw.js").catch(() => {});
