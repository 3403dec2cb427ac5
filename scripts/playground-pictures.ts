/**
 * Takes pictures of every tab of the playground, light and dark, wide and 400 pixels, for inspection; four of them
 * are in documents. Also takes pictures of the live frames in documents.
 *
 *     npm run playground:pictures              writes runs/playground/*.png and docs/pictures/playground-*.png
 *     npm run playground:pictures -- plane     only that tab, or that picture of a document
 *
 * Needs Chromium; the variable CHROMIUM may name one.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Playground, startPlayground } from "@flowify/playground/browser";
import { addressOf, livePieces } from "@flowify/playground/live-pieces";

const FOLDER = "runs/playground";

type Page = Awaited<ReturnType<Playground["open"]>>;
type Part = Readonly<{
  config: object;
  /** Selectors of finished results, after some clicks. */
  ready: string;
  clicks?: readonly string[];
}>;

const parts: Readonly<Record<string, Part>> = {
  plane: { config: { steps: 600 }, ready: "text=Trained: all" },
  table: {
    config: {},
    ready: "#table-row",
  },
  posterior: { config: {}, ready: ".ranks" },
  images: { config: { steps: 300 }, ready: "text=Trained: all" },
  network: { config: {}, ready: "#log-prob", clicks: ["Sample preimages"] },
};
/** Clicks a button, and waits until its work is done. */
async function clicked(page: Page, name: string): Promise<void> {
  const working = page.locator("section:not([hidden]) .working button");
  await working.waitFor({ state: "detached", timeout: LONGEST });
  await page.getByRole("button", { name, exact: name === "Train" }).click();
  await working.waitFor({ timeout: 1000 }).catch(() => {}); // it may already be done
  await working.waitFor({ state: "detached", timeout: LONGEST });
}

const widths = { wide: 1280, narrow: 400 } as const;
/** Pictures in the README and in documents. */
const shown = new Set(["plane-wide-light", "table-wide-light", "posterior-wide-light", "images-wide-light"]);
const LONGEST = 600_000;

mkdirSync(FOLDER, { recursive: true });
const only = process.argv.slice(2);
const playground = await startPlayground();
for (const [name, { config, ready, clicks = [] }] of Object.entries(parts)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const hash = `#/${name}?config=${encodeURIComponent(JSON.stringify(config))}`;
  const page = await playground.open(hash, { viewport: { width: widths.wide, height: 900 } });
  await page.locator(ready).first().waitFor({ timeout: LONGEST });
  for (const click of clicks) await clicked(page, click);
  for (const [size, width] of Object.entries(widths))
    for (const theme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: theme });
      await page.evaluate(() => scrollTo(0, 0));
      await page.waitForTimeout(500); // the next frames
      const path = `${FOLDER}/${name}-${size}-${theme}.png`;
      await page.screenshot({ path, fullPage: true });
      if (shown.has(`${name}-${size}-${theme}`)) copyFileSync(path, `docs/pictures/playground-${name}.png`);
      console.log(path);
    }
}
for (const file of readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((at) =>
  at.endsWith(".md"),
))
  for (const piece of livePieces(readFileSync(join("docs", file), "utf8"))) {
    const path = join("docs", dirname(file), piece.picture);
    if (only.length > 0 && !only.includes(basename(path, ".png"))) continue;
    const page = await playground.open(addressOf(piece), { viewport: { width: 736, height: 400 } });
    const { steps } = JSON.parse(piece.config) as { steps: number };
    await page.getByRole("img", { name: `the best of ${steps} steps,` }).waitFor({ timeout: LONGEST });
    await page.waitForTimeout(500);
    await page.locator("main").screenshot({ path });
    console.log(path);
  }
await playground.close();
