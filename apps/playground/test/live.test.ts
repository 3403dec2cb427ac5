import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, livePieces } from "../live-pieces.js";
import { imagesConfig } from "../src/tabs/images/config.js";
import { networkConfig } from "../src/tabs/network/calls.js";
import { planeConfig } from "../src/tabs/plane/config.js";
import { posteriorConfig } from "../src/tabs/posterior/config.js";
import { tableConfig } from "../src/tabs/table/config.js";
import { type Playground, startPlayground } from "./browser.js";

const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
const texts = readdirSync(DOCS, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => ({ name, text: readFileSync(`${DOCS}${name}`, "utf8") }));
const documents = texts
  .map(({ name, text }) => ({ name, pieces: livePieces(text) }))
  .filter(({ pieces }) => pieces.length > 0);

const configs = {
  table: tableConfig,
  plane: planeConfig,
  images: imagesConfig,
  posterior: posteriorConfig,
  network: networkConfig,
};

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(() => playground.close());

test("what documents show of the playground are configurations that it takes", () => {
  expect(documents.length).toBeGreaterThan(2);
  for (const { part, config } of documents.flatMap(({ pieces }) => pieces)) {
    expect(part).toBe("plane");
    expect(v.safeParse(planeConfig, JSON.parse(config)).issues).toBeUndefined();
  }
});

test("what documents link to in the playground are tabs, and configurations that they take", () => {
  const links = texts.flatMap(({ text }) => [
    ...text.matchAll(/apps\/playground\/#\/(\w+)(?:\?config=([^)\s]*))?\)/g),
  ]);
  expect(links.length).toBeGreaterThan(6);
  const wrong = links.filter(([, part = "", config]) => {
    const schema = configs[part as keyof typeof configs];
    return !schema || !v.safeParse(schema, JSON.parse(decodeURIComponent(config ?? "{}"))).success;
  });
  expect(wrong).toEqual([]);
});

test("a document shows pieces that train, without the rest of the page, as high as they are", {
  timeout: 120_000,
}, async () => {
  const piece = documents.find(({ name }) => name === "layers/linear.md")!.pieces[0]!;
  const document = `<!doctype html><iframe class="live" src="./${addressOf(piece)}"></iframe>`;
  const page = await playground.open("document", {
    before: (opened) =>
      opened.route("**/document", (route) =>
        route.fulfill({
          contentType: "text/html",
          headers: { "Cross-Origin-Embedder-Policy": "require-corp" },
          body: document,
        }),
      ),
  });
  const frame = page.frameLocator("iframe.live").first();
  await frame.locator("#plane-integral", { hasText: /^(0.9[89]|1.0[01])/ }).waitFor({ timeout: 100_000 });
  expect(await frame.getByRole("heading").allTextContents()).toEqual(["Density", "Ledger"]);
  expect(await frame.locator("nav, .lesson").count()).toBe(0);
  const { scrollHeight, clientHeight } = await frame
    .locator("html")
    .evaluate((root) => ({ scrollHeight: root.scrollHeight, clientHeight: root.clientHeight }));
  expect(scrollHeight).toBe(clientHeight);

  await frame.getByRole("link", { name: "Open the playground" }).click();
  await page.getByRole("navigation", { name: "Parts" }).waitFor();
  const config = new URLSearchParams(page.url().split("?")[1]).get("config")!;
  expect(JSON.parse(config)).toEqual(JSON.parse(piece.config));
});
