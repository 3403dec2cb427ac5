import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imagesConfig } from "../src/tabs/images/config.js";
import { planeConfig } from "../src/tabs/plane/config.js";
import { viewFile } from "../src/ui/stored-view.js";
import { type Playground, seriousFindings, startPlayground } from "./browser.js";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground({ still: true });
});
afterAll(() => playground.close());

test("opens on the table with a word on what it is for; the plane has Wasm where there is no WebGPU", async () => {
  const page = await playground.open();
  await page.getByRole("button", { name: "Take the example" }).waitFor();
  expect(await page.locator("nav a").allTextContents()).toEqual([
    "Table",
    "Plane",
    "Images",
    "Posterior",
    "Your network",
  ]);
  expect(await page.locator("nav a[aria-current]").textContent()).toBe("Table");
  expect(await page.locator(".summary").textContent()).toContain("Find the rows of a table that do not fit");
  await page.getByRole("link", { name: "Plane", exact: true }).click();
  await page.getByRole("button", { name: "Watch it learn" }).click();
  await page.locator("#plane-device", { hasText: "Wasm" }).waitFor();
});

test.each([
  ["table", "#table-row", undefined],
  ["plane", "#plane-integral", planeConfig],
  ["images", "#images-bpd", imagesConfig],
  ["posterior", "#posterior-median-1", undefined],
  ["network", "output#log-prob", undefined],
])(
  "%s opens with a finished example, of its default settings, before a worker has started",
  async (part, shows, schema) => {
    const page = await playground.open(`#/${part}`);
    await page.locator(shows, { hasText: /\d/ }).waitFor();
    expect(page.workers()).toEqual([]);
    const file = new URL(`../public/${viewFile(part)}`, import.meta.url);
    const { curve } = JSON.parse(readFileSync(file, "utf8")) as { curve?: { batches: number[] } };
    expect(curve?.batches.length).toBe(schema && v.parse(schema, {}).steps);
  },
);

test("the finished example of images has the ledger of each, without a worker", async () => {
  const page = await playground.open("#/images");
  const total = page.locator("#images-log-prob");
  const before = await total.textContent();
  await page.getByRole("button", { name: "Ledger of sample 3", exact: true }).click();
  await expect.poll(() => total.textContent()).not.toBe(before);
  expect(page.workers()).toEqual([]);
});

const addressOf = (part: string, config: object): string =>
  `#/${part}?config=${encodeURIComponent(JSON.stringify(config))}`;
/** Compiled soon. */
const layers = [
  { kind: "linear", out: 2 },
  { kind: "leakyRelu", slope: 0.5 },
  { kind: "linear", out: 1 },
];

test("a part rests while another one is shown, and then goes on", { timeout: 120_000 }, async () => {
  const page = await playground.open(addressOf("plane", { layers, steps: 20_000, running: true }));
  const step = async (): Promise<number> => Number(await page.locator("#plane-step").textContent());
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(0);
  await page.getByRole("link", { name: "Table" }).click();
  await page
    .locator("#part-plane [role=status]", { hasText: "Paused after step" })
    .waitFor({ state: "attached" });
  const taken = await step();
  await page.waitForTimeout(1500);
  expect(await step()).toBe(taken);
  await page.getByRole("link", { name: "Plane" }).click();
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(taken);
});

test("another link in an open tab takes effect, one that is no JSON too", { timeout: 60_000 }, async () => {
  const page = await playground.open(addressOf("plane", { layers, seed: 7, running: false }));
  const seed = page.locator("#part-plane").getByLabel("Seed");
  const follow = (hash: string): Promise<void> =>
    page.evaluate((next) => {
      location.hash = next;
    }, hash);
  expect(await seed.inputValue()).toBe("7");
  await follow(addressOf("plane", { layers, seed: 9, running: false }));
  await expect.poll(() => seed.inputValue()).toBe("9");
  await follow("#/plane?config=%7Bnope");
  await page.getByRole("alert").filter({ hasText: "is not JSON" }).waitFor();
  await expect.poll(() => seed.inputValue()).toBe("0");
});

test("the address describes the part that is shown, back and forth between the tabs", {
  timeout: 60_000,
}, async () => {
  const page = await playground.open(addressOf("plane", { layers, seed: 1, running: false }));
  const tab = (name: string) => page.getByRole("link", { name, exact: true }).click();
  const configOf = (): unknown => JSON.parse(new URLSearchParams(page.url().split("?")[1]).get("config")!);
  const seed = page.locator("#part-plane").getByLabel("Seed");
  const setSeed = async (value: string): Promise<void> => {
    await seed.fill(value);
    await seed.press("Enter");
    await expect.poll(configOf).toMatchObject({ seed: Number(value) });
  };
  await setSeed("2");
  await page.evaluate(() => document.body.setAttribute("data-visit", "first"));
  await tab("Table");
  await page.waitForURL(`${playground.url}#/table`);
  await page.locator("#part-table").waitFor();
  await tab("Plane");
  await expect.poll(configOf).toMatchObject({ seed: 2, running: false });
  await setSeed("3");
  await page.goBack();
  await page.locator("#part-table").waitFor();
  await page.goBack();
  await expect.poll(configOf).toMatchObject({ seed: 3 });
  expect(await seed.inputValue()).toBe("3");
  expect(await page.locator("body").getAttribute("data-visit")).toBe("first");
});

test("an address that is no JSON is told in words", async () => {
  const page = await playground.open("#/plane?config=%7Bnope");
  expect(await page.getByRole("alert").textContent()).toContain("is not JSON");
});

test("a hostile configuration is refused in words and never becomes HTML", async () => {
  const config = encodeURIComponent(JSON.stringify({ device: "<img src=x onerror=alert(1)>", "<b>": 1 }));
  const page = await playground.open(`#/plane?config=${config}`);
  expect(await page.getByRole("alert").textContent()).toContain("device");
  expect(await page.locator("main img, main b").count()).toBe(0);
});

// in light colours: keyboard.test.ts, for each part
test("axe finds nothing serious in dark colours", async () => {
  const page = await playground.open(addressOf("plane", { layers, running: false }), { colorScheme: "dark" });
  await page.locator("#plane-device", { hasText: "Wasm" }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

test("the page is there without a network after the first visit", { timeout: 120_000 }, async () => {
  const page = await playground.open(addressOf("plane", { layers, running: false }), {
    serviceWorkers: "allow",
  });
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state), {
      timeout: 60_000,
    })
    .toBe("activated");
  await page.context().setOffline(true);
  await page.goto(playground.url);
  await page.getByRole("button", { name: "Take the example" }).waitFor();
});

/** Where the sheets of the part that is shown are, from the top. */
const sheets = async (page: Page): Promise<{ name: string; left: number; top: number; bottom: number }[]> => {
  const found = await page.locator("section:not([hidden]) .sheet").evaluateAll((all) =>
    all.map((sheet) => {
      const { left, top, bottom } = sheet.getBoundingClientRect();
      return { name: sheet.querySelector("h2")?.textContent ?? "", left, top, bottom };
    }),
  );
  return found.toSorted((a, b) => a.top - b.top);
};

/** Lines that the tabs take, and the title with the choice of a theme. */
const linesOf = (page: Page): Promise<number[]> =>
  page.evaluate(() =>
    [".top nav a", ".top h1, .top .theme"].map((selector) => {
      const boxes = [...document.querySelectorAll(selector)].map((each) => each.getBoundingClientRect());
      return boxes.filter(({ top }, i) => i === 0 || top >= boxes[i - 1]!.bottom).length;
    }),
  );

test.each([
  { part: "plane", config: { layers }, columnsAt: { 1280: 3, 800: 2 } },
  { part: "images", config: { widths: [8] }, columnsAt: { 1280: 2, 800: 1 } },
])(
  "the columns of $part have no gaps, and its controls come first on a phone",
  {
    timeout: 120_000,
  },
  async ({ part, config, columnsAt }) => {
    const page = await playground.open(addressOf(part, { ...config, running: false }));
    await page.locator(`#${part}-device`).waitFor();
    for (const [width, expected] of Object.entries(columnsAt)) {
      await page.setViewportSize({ width: Number(width), height: 900 });
      expect(await linesOf(page)).toEqual([1, 1]);
      const all = await sheets(page);
      const lefts = [...new Set(all.map(({ left }) => left))];
      expect(lefts.length).toBe(expected);
      for (const at of lefts) {
        const column = all.filter(({ left }) => left === at);
        const gaps = column.slice(1).map(({ name, top }, i) => [name, Math.round(top - column[i]!.bottom)]);
        expect(gaps).toEqual(column.slice(1).map(({ name }) => [name, 16]));
      }
    }
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await linesOf(page)).toEqual([1, 1]);
    expect((await sheets(page))[0]?.name).toBe("Training");
    // nor does a chart that is still as wide as before
    const [chart] = await page.locator(".u-wrap:visible").all();
    await chart?.evaluate((wrap: HTMLElement) => (wrap.style.width = "500px"));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
    const { y, height } = (await page.getByRole("button", { name: "Train", exact: true }).boundingBox())!;
    expect(y + height).toBeLessThan(800);
  },
);
