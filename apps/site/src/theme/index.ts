import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { LiveFrame } from "./live-frame.js";
import "./style.css";
import "./home.css";

export const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("LiveFrame", LiveFrame);
  },
};
