import { inBrowser, type Theme, withBase } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { LiveCode } from "./live-code.js";
import { LiveDensity } from "./live-density.js";
import { LiveFrame } from "./live-frame.js";
import "./style.css";
import "./home.css";

/** Stores the site for visits without a network, once the page has nothing else to do. */
function keepSite(): void {
  if (!inBrowser || !("serviceWorker" in navigator)) return;
  const store = (): void => void navigator.serviceWorker.register(withBase("/sw.js")).catch(() => {});
  addEventListener("load", () => setTimeout(store, 2000));
}

export const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app, router }) {
    keepSite();
    // the playground is another page, of which the router of the site knows nothing
    router.onBeforeRouteChange = (to) => {
      if (!inBrowser || !to.startsWith(withBase("/playground/"))) return true;
      location.assign(to);
      return false;
    };
    app.component("LiveCode", LiveCode);
    app.component("LiveDensity", LiveDensity);
    app.component("LiveFrame", LiveFrame);
  },
};
