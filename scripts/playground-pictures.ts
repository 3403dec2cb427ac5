/**
 * Pictures of every part of the playground, light and dark, wide and 400 pixels, to be looked at; two of them
 * are those of the README.
 *
 *     npm run playground:pictures              writes runs/playground/*.png and docs/pictures/playground-*.png
 *     npm run playground:pictures -- plane     only that part
 *
 * Needs Chromium; the variable CHROMIUM may name one.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { startPlayground } from "@flowify/playground/browser";
import { chromiumPath } from "./chromium.js";

const FOLDER = "runs/playground";

/** The parts: an address, and what is there once there is something to see. */
const parts: Readonly<Record<string, { config: object; ready: string }>> = {
  plane: { config: { steps: 600 }, ready: "text=Trained: all" },
  images: { config: { steps: 300 }, ready: "text=Trained: all" },
  network: { config: {}, ready: "#part-network .sheet" },
  exchange: { config: {}, ready: "#part-exchange .sheet" },
};
const widths = { wide: 1280, narrow: 400 } as const;
/** Pictures that the README shows. */
const shown = new Set(["plane-wide-light", "images-wide-light"]);
const LONGEST = 600_000;

const chromium = chromiumPath();
if (!chromium) throw new Error("no Chromium: install it, or name it in the variable CHROMIUM");
process.env.CHROMIUM = chromium;
mkdirSync(FOLDER, { recursive: true });
const only = process.argv.slice(2);
const playground = await startPlayground();
for (const [name, { config, ready }] of Object.entries(parts)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const hash = `#/${name}?config=${encodeURIComponent(JSON.stringify(config))}`;
  const page = await playground.open(hash, { viewport: { width: widths.wide, height: 900 } });
  await page.locator(ready).first().waitFor({ timeout: LONGEST });
  for (const [size, width] of Object.entries(widths))
    for (const theme of ["light", "dark"]) {
      await page.setViewportSize({ width, height: 900 });
      await page.getByLabel("Theme").selectOption(theme);
      await page.waitForTimeout(500); // the next frames
      const path = `${FOLDER}/${name}-${size}-${theme}.png`;
      await page.screenshot({ path, fullPage: true });
      if (shown.has(`${name}-${size}-${theme}`)) copyFileSync(path, `docs/pictures/playground-${name}.png`);
      console.log(path);
    }
}
await playground.close();
