/**
 * Takes the pictures of the playground in documents: of its tabs, and of the live frames.
 *
 *     npm run playground:pictures              writes docs/pictures/playground-*.png
 *     npm run playground:pictures -- plane     only that tab, or that picture of a document
 *
 * Needs Chromium; the variable CHROMIUM may name one.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { buildPage, startPlayground } from "@flowify/playground/browser";
import { addressOf, livePieces } from "@flowify/playground/live-pieces";

/** The configuration of a tab, and what stands on the page once it is finished. */
const tabs = {
  plane: { config: { steps: 600 }, ready: "text=Trained: all" },
  table: { config: {}, ready: "#table-row" },
  posterior: { config: {}, ready: ".ranks" },
  images: { config: { steps: 300 }, ready: "text=Trained: all" },
} as const;
const LONGEST = 600_000;
const seen = { viewport: { width: 1280, height: 900 }, serviceWorkers: "allow" } as const;

const only = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "playground-"));
await buildPage(folder);
const playground = await startPlayground({ folder });
for (const [name, { config, ready }] of Object.entries(tabs)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const hash = `#/${name}?config=${encodeURIComponent(JSON.stringify(config))}`;
  const page = await playground.open(hash, seen);
  await page.locator(ready).first().waitFor({ timeout: LONGEST });
  await page.waitForTimeout(500); // the next frames
  const path = `docs/pictures/playground-${name}.png`;
  await page.screenshot({ path, fullPage: true });
  console.log(path);
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
rmSync(folder, { recursive: true });
