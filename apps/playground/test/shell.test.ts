import { afterAll, beforeAll, expect, test } from "vitest";
import { type Playground, seriousFindings, startPlayground } from "./browser.js";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(() => playground.close());

test("opens on the plane, with Wasm where there is no WebGPU", async () => {
  const page = await playground.open();
  await page.locator("#plane-device", { hasText: "Wasm" }).waitFor();
  expect(await page.locator("nav a[aria-current]").textContent()).toBe("Plane");
});

test("a chosen theme is there on the next visit", async () => {
  const page = await playground.open();
  await page.getByLabel("Theme").selectOption("dark");
  await page.reload();
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
});

test("a part rests while another one is shown, and then goes on", { timeout: 120_000 }, async () => {
  const page = await playground.open(
    `#/plane?config=${encodeURIComponent(JSON.stringify({ steps: 20_000 }))}`,
  );
  const step = async (): Promise<number> => Number(await page.locator("#plane-step").textContent());
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(0);
  await page.getByRole("link", { name: "Exchange" }).click();
  await page
    .locator("#part-plane [role=status]", { hasText: "Paused after step" })
    .waitFor({ state: "attached" });
  const taken = await step();
  await page.waitForTimeout(1500);
  expect(await step()).toBe(taken);
  await page.getByRole("link", { name: "Plane" }).click();
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(taken);
});

test("an address that is no JSON is told in words", async () => {
  const page = await playground.open("#/plane?config=%7Bnope");
  expect(await page.getByRole("alert").textContent()).toContain("is no JSON");
});

test("a hostile configuration is refused in words and never becomes HTML", async () => {
  const config = encodeURIComponent(JSON.stringify({ device: "<img src=x onerror=alert(1)>", "<b>": 1 }));
  const page = await playground.open(`#/plane?config=${config}`);
  expect(await page.getByRole("alert").textContent()).toContain("device");
  expect(await page.locator("main img, main b").count()).toBe(0);
});

test.each(["light", "dark"] as const)("axe finds nothing serious, %s", async (colorScheme) => {
  const page = await playground.open("", { colorScheme });
  await page.locator("#plane-device", { hasText: "Wasm" }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

test("links into the documents lead to pages, and all of it is there without a network", {
  timeout: 120_000,
}, async () => {
  const page = await playground.open(
    `#/plane?config=${encodeURIComponent(JSON.stringify({ running: false }))}`,
  );
  await page.getByRole("link", { name: "Read on" }).first().waitFor();
  const links = await page
    .getByRole("link", { name: "Read on" })
    .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
  expect(links.length).toBeGreaterThan(2);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state), {
      timeout: 60_000,
    })
    .toBe("activated");
  await page.context().setOffline(true);
  for (const link of links) {
    await page.goto(link);
    expect(await page.locator("h1").count()).toBe(1);
  }
  await page.goto(playground.url);
  await page.locator("#plane-device", { hasText: "Wasm" }).waitFor();
});
