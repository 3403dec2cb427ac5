import { existsSync } from "node:fs";

/**
 * The browser of the end-to-end tests: the one that the variable CHROMIUM names, or one of the system's. First the shell
 * without a window, in which the tests take two thirds of the time.
 */
export const chromiumPath = (): string | undefined =>
  [process.env.CHROMIUM, ...names.map((name) => `/usr/bin/${name}`)].find((path) => path && existsSync(path));

const names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
