import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imagesConfig } from "../src/tabs/images/config.js";
import { planeConfig } from "../src/tabs/plane/config.js";
import { viewFile } from "../src/ui/stored-view.js";
import { follow, type Playground, silentWorkers, startPlayground } from "./browser.js";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground({ still: true });
});
afterAll(() => playground.close());

const tab = (page: Page, name: string): Promise<void> =>
  page.getByRole("link", { name, exact: true }).click();

describe("a first visit", () => {
  let page: Page;
  beforeAll(async () => {
    page = await playground.open();
  });

  test("opens on the table with a word on what it is for", async () => {
    await page.getByRole("button", { name: "Take the example" }).waitFor();
    expect(await page.locator("nav a").allTextContents()).toEqual([
      "Table",
      "Plane",
      "Images",
      "Posterior",
      "Your network",
    ]);
    expect(await page.locator("nav a[aria-current]").textContent()).toBe("Table");
    expect(await page.locator(".summary").textContent()).toContain(
      "Find the rows of a table that do not fit",
    );
  });

  test.each([
    ["Table", "table", "#table-row", undefined],
    ["Plane", "plane", "#plane-integral", planeConfig],
    ["Images", "images", "#images-bpd", imagesConfig],
    ["Posterior", "posterior", "#posterior-median-1", undefined],
    ["Your network", "network", "output#log-prob", undefined],
  ])(
    "%s has a finished example, of its default settings, before a worker has started",
    async (name, part, shows, schema) => {
      await tab(page, name);
      await page.locator(shows, { hasText: /\d/ }).waitFor();
      expect(page.workers()).toEqual([]);
      const file = new URL(`../public/${viewFile(part)}`, import.meta.url);
      const { curve } = JSON.parse(readFileSync(file, "utf8")) as { curve?: { batches: number[] } };
      expect(curve?.batches.length).toBe(schema && v.parse(schema, {}).steps);
    },
  );

  test("the finished example of images has the ledger of each, without a worker", async () => {
    await tab(page, "Images");
    const total = page.locator("#images-log-prob");
    const before = await total.textContent();
    await page.getByRole("button", { name: "Ledger of sample 3", exact: true }).click();
    await expect.poll(() => total.textContent()).not.toBe(before);
    expect(page.workers()).toEqual([]);
  });

  test("the plane has Wasm where there is no WebGPU", async () => {
    await tab(page, "Plane");
    await page.locator("#part-plane").getByRole("button", { name: "Watch it learn" }).click();
    await page.locator("#plane-device", { hasText: /\w/ }).waitFor();
    expect(await page.locator("#plane-device").textContent()).toBe("Wasm");
  });
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

describe("addresses", () => {
  let page: Page;
  const seed = () => page.locator("#part-plane").getByLabel("Seed");
  beforeAll(async () => {
    page = await playground.open(addressOf("plane", { layers, seed: 7, running: false }), {
      before: silentWorkers,
    });
  });

  test("another link in an open tab takes effect, one that is no JSON too", { timeout: 60_000 }, async () => {
    expect(await seed().inputValue()).toBe("7");
    await follow(page, addressOf("plane", { layers, seed: 9, running: false }));
    await expect.poll(() => seed().inputValue()).toBe("9");
    await follow(page, "#/plane?config=%7Bnope");
    await page.getByRole("alert").filter({ hasText: "is not JSON" }).waitFor();
    await expect.poll(() => seed().inputValue()).toBe("0");
  });

  test("the address describes the part that is shown, back and forth between the tabs", {
    timeout: 60_000,
  }, async () => {
    await follow(page, addressOf("plane", { layers, seed: 1, running: false }));
    const configOf = (): unknown => JSON.parse(new URLSearchParams(page.url().split("?")[1]).get("config")!);
    const setSeed = async (value: string): Promise<void> => {
      await seed().fill(value);
      await seed().press("Enter");
      await expect.poll(configOf).toMatchObject({ seed: Number(value) });
    };
    await setSeed("2");
    await page.evaluate(() => document.body.setAttribute("data-visit", "first"));
    await tab(page, "Table");
    await page.waitForURL(`${playground.url}#/table`);
    await page.locator("#part-table").waitFor();
    await tab(page, "Plane");
    await expect.poll(configOf).toMatchObject({ seed: 2, running: false });
    await setSeed("3");
    await page.goBack();
    await page.locator("#part-table").waitFor();
    await page.goBack();
    await expect.poll(configOf).toMatchObject({ seed: 3 });
    expect(await seed().inputValue()).toBe("3");
    expect(await page.locator("body").getAttribute("data-visit")).toBe("first");
  });
});

test("the page is there without a network after the first visit", { timeout: 120_000 }, async () => {
  const page = await playground.open(addressOf("plane", { layers, running: false }), {
    serviceWorkers: "allow",
    before: silentWorkers,
  });
  await page.getByText("The page is stored and works offline.").waitFor();
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state), {
      timeout: 60_000,
    })
    .toBe("activated");
  await page.context().setOffline(true);
  await page.goto(playground.url);
  await page.getByRole("button", { name: "Take the example" }).waitFor();
});
