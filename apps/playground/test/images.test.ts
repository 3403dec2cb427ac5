import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../../../packages/cli/test/temporary-folder.js";
import { expectImagesAsInNode, shown } from "./as-in-node.js";
import { audited, expectColumns } from "./audited.js";
import { expectProblem, follow, type Playground, startPlayground } from "./browser.js";

const SLOW = 120_000;
const small = { widths: [8], steps: 6 };
const addressOf = (config: object): string => `#/images?config=${encodeURIComponent(JSON.stringify(config))}`;

const root = temporaryFolder();

let playground: Playground;
/** Trained once: the tests down to the one of other widths look at it in turn. */
let trained: Page;
beforeAll(async () => {
  playground = await startPlayground();
  trained = await playground.open(addressOf(small));
  await trained.getByText("Trained: all 6 steps are done.").waitFor({ timeout: SLOW });
}, SLOW);
afterAll(() => playground.close());

test("digits train to the numbers of the same run in Node", { timeout: SLOW }, async () => {
  await expectImagesAsInNode(trained, small, join(root, "small"));
});

test("an answer that comes after its image is no longer chosen is dropped", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const page = trained;
  const mean = await shown(page, "#images-log-prob");
  await page.evaluate(async () => {
    document.querySelector<HTMLElement>("[aria-label='Ledger of image 2']")?.click();
    const back = (): HTMLElement | undefined =>
      [...document.querySelectorAll("button")].find((button) => button.textContent.startsWith("Mean of"));
    while (!back()) await Promise.resolve();
    back()?.click();
  });
  await page.getByRole("button", { name: "Mean of the held-out images" }).waitFor({ state: "detached" });
  // the worker answers in turn: once this image has a ledger, the answer before it has come
  await page.getByRole("button", { name: "Ledger of image 3" }).press("Enter");
  await expect.poll(() => shown(page, "#images-log-prob"), { timeout: SLOW }).not.toBe(mean);
  await page.getByRole("button", { name: "Mean of the held-out images" }).click();
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(await shown(page, "#images-log-prob")).toBe(mean);
});

test("a click gives an image's ledger", {
  timeout: SLOW,
}, async () => {
  const page = trained;
  const mean = await shown(page, "#images-log-prob");
  await page.getByRole("button", { name: "Ledger of image 2" }).press("Enter");
  await expect
    .poll(async () => Math.abs((await shown(page, "#images-log-prob")) - mean), { timeout: SLOW })
    .toBeGreaterThan(0.01);
  const values = await page.locator("#part-images .ledger tbody .number").allTextContents();
  const sum = values.reduce((total, text) => total + Number(text.replace("−", "-")), 0);
  expect(sum).toBeCloseTo(await shown(page, "#images-log-prob"), 1);
});

test("its columns have no gaps, and its controls come first on a phone", () =>
  expectColumns(trained, { 1280: 2, 800: 1 }));

audited("images", () => trained);

test("arrow keys walk a gallery, Enter asks for a ledger", async () => {
  const page = trained;
  await page.getByRole("button", { name: "Ledger of sample 1", exact: true }).focus();
  for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowUp"])
    await page.keyboard.press(key);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
    "Ledger of sample 2",
  );
  await page.keyboard.press("Enter");
  await page.getByText("log p of sample 2").waitFor();
});

test("changes in quick succession open one after the other, and the last one trains", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const page = trained;
  await page.getByLabel("Widths").evaluate(async (select: HTMLSelectElement) => {
    for (const value of ["64 32 16", "64 8", "16"]) {
      select.value = value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      // so that the worker has begun
      await new Promise((done) => setTimeout(done, 50));
    }
  });
  await page.getByText("Trained: all 6 steps are done.").waitFor({ state: "detached" });
  await page.getByText("Trained: all 6 steps are done.").waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  await expectImagesAsInNode(page, { ...small, widths: [16] }, join(root, "wider"));
});

test("files that are no pictures, and too many of them, are refused in words", {
  timeout: SLOW,
}, async () => {
  const page = trained;
  await follow(page, addressOf({ ...small, running: false }));
  await page.locator("#images-step", { hasText: /^0$/ }).waitFor({ timeout: SLOW });
  const input = page.getByLabel("Open pictures");
  const file = (name: string, bytes: Buffer) => ({ name, mimeType: "image/png", buffer: bytes });
  await input.setInputFiles([file("a.png", Buffer.from("not a picture"))]);
  await expectProblem(
    page,
    "Found 0 pictures, expected at least 40. Archives have to be unpacked. Not readable as pictures: a.png.",
  );
  await input.setInputFiles(Array.from({ length: 2001 }, (_, i) => file(`${i}.png`, Buffer.alloc(1))));
  await expectProblem(page, "Found 2001 files, expected at most 2000. Choose fewer.");

  const png = Buffer.from(
    await page.evaluate(() => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d")?.fillRect(3, 3, 20, 9);
      return canvas.toDataURL("image/png").split(",")[1] ?? "";
    }),
    "base64",
  );
  await input.setInputFiles([
    ...Array.from({ length: 48 }, (_, i) => file(`${i}.png`, png)),
    file("broken.png", png.subarray(0, 60)),
  ]);
  await page
    .getByText("48 pictures, in grey, of 14 × 14 pixels. Not readable as pictures: broken.png.")
    .waitFor({ timeout: SLOW });
  await page.locator("#images-bpd", { hasText: /\d/ }).waitFor({ timeout: SLOW });
  expect(await shown(page, "#images-step")).toBe(0);
});

test("pictures are made grey, the page says so, and digits that come later do not take their place", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  // the digits come later than the pictures, and must not take their place
  let release = (): void => {};
  const held = new Promise<void>((done) => {
    release = done;
  });
  const page = await playground.open(addressOf({ ...small, running: false }), {
    before: (fresh) =>
      fresh.route("**/digits.bin", async (route) => {
        await held;
        await route.continue();
      }),
  });
  const png = Buffer.from(
    await page.evaluate(() => {
      const canvas = document.createElement("canvas");
      const context = canvas.getContext("2d")!;
      context.fillStyle = "rgb(250, 120, 10)";
      context.fillRect(0, 0, 300, 300);
      return canvas.toDataURL("image/png").split(",")[1] ?? "";
    }),
    "base64",
  );
  const pictures = Array.from({ length: 42 }, (_, i) => ({
    name: `${i}.png`,
    mimeType: "image/png",
    buffer: png,
  }));
  await page.getByLabel("Open pictures").setInputFiles(pictures);
  await page.getByText("42 pictures, in grey, of 14 × 14 pixels.").waitFor({ timeout: SLOW });
  const answered = page.waitForResponse("**/digits.bin");
  release();
  await (await answered).finished();
  /** The middle of the first held-out image. */
  const middle = (): Promise<number[]> =>
    page
      .getByRole("button", { name: "Ledger of image 1" })
      .locator("canvas")
      .evaluate((canvas: HTMLCanvasElement) => [
        ...(canvas.getContext("2d")?.getImageData(7, 7, 1, 1).data ?? []),
      ]);
  await expect.poll(middle, { timeout: SLOW }).toEqual([140, 140, 140, 255]);
});

test("before there are images their places are empty, not black", { timeout: SLOW }, async () => {
  const page = await playground.open(addressOf(small), {
    before: (fresh) => fresh.route("**/digits.bin", () => {}),
  });
  const alpha = await page
    .locator("#part-images .gallery .tile")
    .first()
    .evaluate((canvas: HTMLCanvasElement) => canvas.getContext("2d")!.getImageData(3, 3, 1, 1).data[3]);
  expect(alpha).toBe(0);
});
