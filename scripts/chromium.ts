import { existsSync } from "node:fs";

/** The browser of the end-to-end tests: the one that the variable CHROMIUM names, or one of the system's. */
export const chromiumPath = (): string | undefined =>
  [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path && existsSync(path),
  );
