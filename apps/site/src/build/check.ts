/** Measures the built site in Chromium: first paint, script, layout shift, accessibility, search, offline reading. */
import { mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type Playground, startPlayground } from "@flowify/playground/browser";
import axe from "axe-core";
import { built, repository } from "./places.js";

type Page = Awaited<ReturnType<Playground["open"]>>;

/** Pages of each kind. */
const pages = [
  "",
  "overview.html",
  "guide.html",
  "tables.html",
  "tutorials/index.html",
  "tutorials/method.html",
  "layers/linear.html",
  "errors.html",
  "gallery.html",
  "playground/",
  ...["plane", "images", "posterior", "network"].map((part) => `playground/#/${part}`),
  "reference/api/@flowify/core/functions/fit.html",
];
const themes = ["light", "dark"] as const;
const widths = { wide: 1280, narrow: 400 };
/** What is typed into the search, and the address of the hit that should come first. */
const searches: readonly (readonly [string, RegExp])[] = [
  ["dequantization", /dequantiz/],
  ["SHAPE", /errors/],
  ["fit", /functions\/fit/],
  ["flowify convert", /convert/],
  ["posterior", /posterior/],
];
/** The doors of the first page into the playground, and what stands on the page within a second. */
const DOORS: readonly (readonly [name: string, shows: string])[] = [
  ["Open a file here", "#part-table .reasons b"],
  ["Try one here", "#part-network output#log-prob"],
  ["Watch one learn", "#plane-integral:text-matches('[0-9]')"],
];
const MOST = { paintMs: 1000, scriptBytes: 100_000, shift: 0.02, exampleMs: 1000 };
/** Milliseconds until a page is at rest. */
const REST = 2500;
/** Milliseconds until charts have the width of a resized page. */
const SETTLE = 300;

type Figures = Readonly<{ paint: number; script: number; shift: number; foreign: string[]; wide: boolean }>;

/** Opens a page as on a first visit, and measures until it is at rest. */
async function measure(
  site: Playground,
  path: string,
  options: object,
): Promise<{ page: Page; figures: Figures }> {
  const scripts = new Map<string, Promise<number>>();
  const foreign: string[] = [];
  const page = await site.open(path, {
    ...options,
    before: async (opened) => {
      opened.on("response", (response) => {
        const url = response.url();
        if (!url.startsWith(site.url) && url.startsWith("http")) foreign.push(url);
        if (/\.m?js$/.test(url) && !url.endsWith("sw.js"))
          scripts.set(
            url,
            response.body().then(
              (body) => gzipSync(body).length,
              () => 0,
            ),
          );
      });
      await opened.addInitScript(() => {
        const kept = globalThis as unknown as { shift: number };
        kept.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) kept.shift += (entry as unknown as { value: number }).value;
        }).observe({ type: "layout-shift", buffered: true });
      });
    },
  });
  await page.waitForTimeout(REST);
  const { paint, shift, wide } = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.POSITIVE_INFINITY,
    shift: (globalThis as unknown as { shift: number }).shift,
    wide: document.documentElement.scrollWidth > innerWidth,
  }));
  const sizes = await Promise.all(scripts.values());
  const script = sizes.reduce((sum, size) => sum + size, 0);
  return { page, figures: { paint, script, shift, foreign, wide } };
}

async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] }),
  );
  return violations.map(
    ({ id, nodes }) => `axe: ${id} at ${nodes.map(({ target }) => String(target)).join(", ")}`,
  );
}

/** The address of the first hit of a search. */
async function firstHit(page: Page, words: string): Promise<string> {
  await page.keyboard.press("Control+k");
  await page.locator("#localsearch-input").fill(words);
  const hit = page.locator(".VPLocalSearchBox .result").first();
  await hit.waitFor();
  await page.waitForTimeout(600); // results come as the index is read
  const address = (await hit.getAttribute("href")) ?? "";
  await page.keyboard.press("Escape");
  return address;
}

/** Whether the doors of the first page lead into the playground, to an example that is there within a second. */
async function doors(site: Playground): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, shows] of DOORS) {
    const page = await site.open("");
    await page.waitForTimeout(REST);
    await page.getByRole("link", { name }).click();
    await page.waitForURL("**/playground/**");
    await page
      .locator(shows)
      .first()
      .waitFor({ timeout: MOST.exampleMs })
      .catch(() => problems.push(`${name}: its example is not there after ${MOST.exampleMs} ms`));
  }
  return problems;
}

/** Whether a page that was not opened before is there without a network. */
async function offline(site: Playground): Promise<string[]> {
  const page = await site.open("");
  const state = (): Promise<string | undefined> =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state);
  for (let waited = 0; waited < 60 && (await state()) !== "activated"; waited++)
    await page.waitForTimeout(1000);
  await page.context().setOffline(true);
  await page.goto(`${site.url}layers/linear.html`).catch(() => undefined);
  const heading = await page.locator("h1").count();
  return heading === 1 ? [] : ["layers/linear.html is not there without a network after a visit"];
}

/** Measures the site, which was built for the path of this server. Prints a line a page; the problems are returned. */
export async function checkSite(): Promise<string[]> {
  const problems: string[] = [];
  const pictures = `${repository}runs/site`;
  mkdirSync(pictures, { recursive: true });
  const site = await startPlayground({ folder: built });
  console.log(`${"page".padEnd(48)} paint  script  shift`);
  for (const path of pages)
    for (const colorScheme of themes) {
      const { page, figures } = await measure(site, path, {
        colorScheme,
        viewport: { width: widths.wide, height: 900 },
      });
      const { paint, script, shift, foreign } = figures;
      const name = `${path || "home"} ${colorScheme}`;
      const cells = [`${paint.toFixed(0)} ms`, `${(script / 1000).toFixed(0)} kB`, shift.toFixed(3)];
      console.log(`${name.padEnd(48)} ${cells.join("  ")}`);
      const found = await accessibility(page);
      if (paint > MOST.paintMs) found.push(`first paint after ${paint.toFixed(0)} ms`);
      if (script > MOST.scriptBytes) found.push(`${script} bytes of compressed script`);
      if (shift > MOST.shift) found.push(`a layout shift of ${shift.toFixed(3)}`);
      found.push(...foreign.map((url) => `a request to ${url}`));
      for (const [size, width] of Object.entries(widths)) {
        await page.setViewportSize({ width, height: 900 });
        await page.waitForTimeout(SETTLE);
        if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
          found.push(`too wide for ${width} pixels`);
        const file = `${(path || "home").replaceAll(/\W+/g, "-")}-${size}-${colorScheme}.png`;
        await page.screenshot({ path: `${pictures}/${file}`, animations: "disabled" });
      }
      problems.push(...found.map((each) => `${name}: ${each}`));
    }
  const page = await site.open("");
  for (const [words, expected] of searches) {
    const hit = (await firstHit(page, words)).slice(new URL(site.url).pathname.length);
    console.log(`search ${words}: ${hit}`);
    if (!expected.test(hit)) problems.push(`search for ${words}: the first hit is ${hit}`);
  }
  problems.push(...(await doors(site)), ...(await offline(site)));
  await site.close();
  return problems;
}
