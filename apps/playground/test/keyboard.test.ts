import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../packages/cli/test/temporary-folder.js";
import { type Playground, seriousFindings, startPlayground } from "./browser.js";
import { dense, onnxBytes } from "./onnx-files.js";
import { idle } from "./saved-run.js";

const root = temporaryFolder();
const network = join(root, "net.onnx");
writeFileSync(network, onnxBytes(dense.nodes, dense.weights));
/** The first rows of the example. */
const few = join(root, "parcels.csv");
const parcels = readFileSync(new URL("../public/parcels.csv", import.meta.url), "utf8");
writeFileSync(few, parcels.split("\n").slice(0, 81).join("\n"));

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(() => playground.close());

const addressOf = (part: string, config: object): string =>
  `#/${part}?config=${encodeURIComponent(JSON.stringify(config))}`;

const layers = [
  { kind: "coupling", stack: 1, hidden: 8 },
  { kind: "linear", out: 2 },
  { kind: "coupling", stack: 1, hidden: 8 },
];

/** Each part with everything on it that it can have. */
const parts: Readonly<Record<"plane" | "table" | "posterior" | "images" | "network", () => Promise<Page>>> = {
  async plane() {
    const page = await playground.open(addressOf("plane", { steps: 3, layers }));
    await page.getByText("Trained: all 3 steps are done.").waitFor();
    return page;
  },
  async table() {
    const page = await playground.open(addressOf("table", { steps: 3, falseAlarms: 0.05 }));
    await page.locator("#part-table .first input[type=file]").setInputFiles(few);
    await page.locator("#table-size", { hasText: "80 rows" }).waitFor();
    await idle(page, "table");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.locator("output#table-row").waitFor();
    await idle(page, "table");
    return page;
  },
  async posterior() {
    const page = await playground.open("#/posterior");
    await page.locator(".ranks").waitFor();
    await idle(page, "posterior");
    return page;
  },
  async images() {
    const page = await playground.open(addressOf("images", { widths: [8], steps: 3 }));
    await page.getByText("Trained: all 3 steps are done.").waitFor();
    await page.getByRole("button", { name: "Ledger of sample 1", exact: true }).click();
    return page;
  },
  async network() {
    const page = await playground.open(addressOf("network", { count: 4 }));
    await page.locator("#part-network input[type=file]").setInputFiles(network);
    await page.getByRole("button", { name: "Make it a density" }).click();
    await page.locator("output#log-prob").waitFor();
    await page.getByRole("button", { name: "Sample preimages" }).click();
    await page.locator("output#preimages-difference").waitFor();
    await idle(page, "network");
    return page;
  },
};

/** Marks all that can be operated with a number, in the order of the page; one stop for what arrow keys walk. */
const mark = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")].filter(
      (element) => element.checkVisibility() && !element.matches(":disabled, [tabindex='-1']"),
    );
    return all.map((element, i) => {
      element.setAttribute("data-stop", String(i));
      return element.outerHTML.slice(0, 120);
    });
  });

/** What has the focus, and how one sees it. */
const focused = (page: Page): Promise<{ stop: number; ring: boolean }> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const rings = [element, element.parentElement!].map((each) => getComputedStyle(each));
    return {
      stop: Number(element.dataset.stop ?? -1),
      ring: rings.some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && outlineWidth !== "0px"),
    };
  });

const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 60_000 });
/** The number that an output of the page shows. */
const shown = async (page: Page, id: string): Promise<number> =>
  Number((await page.locator(id).textContent())?.replace("−", "-"));
/** The name of what has the focus. */
const nameOfFocused = (page: Page): Promise<string | null> =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? null);

let shownPart: { part: keyof typeof parts; page: Page } | undefined;

/** The page of a part as the test before left it, or a new one. */
async function pageOf(part: keyof typeof parts): Promise<Page> {
  if (shownPart?.part !== part) shownPart = { part, page: await parts[part]() };
  return shownPart.page;
}

/** Tests of a part that hold for all. */
function audited(part: keyof typeof parts): void {
  describe.each([part])("%s", () => {
    let page: Page;
    beforeAll(async () => {
      page = await pageOf(part);
    });

    test("Tab reaches every control once, in order, each with a ring around it and a name of its own", async () => {
      const controls = await mark(page);
      expect(controls.length).toBeGreaterThan(12);
      await page.evaluate(() => {
        document.body.tabIndex = -1;
        document.body.focus();
      });
      const stops: number[] = [];
      for (let i = 0; i < controls.length; i++) {
        await page.keyboard.press("Tab");
        const { stop, ring } = await focused(page);
        expect(ring, `no ring around ${controls[stop]}`).toBe(true);
        stops.push(stop);
      }
      expect(stops).toEqual(controls.map((__, i) => i));
      const names = (await page.locator("body").ariaSnapshot()).match(
        /(?<=- )(button|link|combobox|spinbutton|slider|textbox) "[^"]*"/g,
      );
      expect(names?.length).toBeGreaterThan(12);
      expect(names?.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    });

    for (const [theme, width] of [
      ["light", 400],
      ["light", 1280],
      ["dark", 400],
      ["dark", 1280],
    ] as const)
      test(`axe finds nothing serious: ${theme}, ${width} pixels; nothing is wider than the page`, {
        tags: theme === "light" && width === 400 ? [] : ["long"],
      }, async () => {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme: theme });
        expect(await seriousFindings(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      });
  });
}

audited("plane");

test("buttons, lists, sliders and the editor of the plane are worked by keys alone", async () => {
  const page = await pageOf("plane");
  const press = async (name: string, key: string): Promise<void> =>
    page.getByRole("button", { name, exact: true }).press(key);
  await press("Reset", "Enter");
  await eventually(() => shown(page, "#plane-step")).toBe(3);

  const lines = (): Promise<string[]> => page.locator(".editor li").allTextContents();
  await page.getByLabel("Layers, one a line").focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type('\n{"kind":"linear","out":1}');
  await page.keyboard.press("Tab");
  await eventually(lines).toHaveLength(layers.length + 1);
  expect((await lines()).at(-1)).toBe("linear[3]: 2 → 1 exact");
  await page.getByText("Trained: all 3 steps are done.").waitFor();

  const slider = page.getByRole("slider");
  await slider.press("Home");
  expect(await slider.getAttribute("aria-valuetext")).toBe("data x");
  await slider.press("End");
  expect(await slider.getAttribute("aria-valuetext")).toBe("after linear[3]");
  await page.getByLabel("Seed").focus();
  await page.keyboard.press("ArrowUp");
  await eventually(() => decodeURIComponent(page.url())).toContain('"seed":1');
});

audited("table");

audited("posterior");

audited("images");

test("arrow keys walk a gallery, Enter asks for a ledger", async () => {
  const page = await pageOf("images");
  await page.getByRole("button", { name: "Ledger of sample 1", exact: true }).focus();
  for (const key of ["ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowUp"])
    await page.keyboard.press(key);
  expect(await nameOfFocused(page)).toBe("Ledger of sample 2");
  await page.keyboard.press("Enter");
  await page.getByText("log p of sample 2").waitFor();
});

audited("network");

test("a digit is drawn by keys and by the pointer, and read as it then is", async () => {
  const page = await pageOf("network");
  const outputs = (): Promise<string[]> =>
    page.locator("table[aria-label=Outputs] td.number").allTextContents();
  const pixels = (): Promise<string> =>
    page.locator("canvas.pad").evaluate((pad: HTMLCanvasElement) => pad.toDataURL());
  await page.getByRole("button", { name: "Clear" }).press("Enter");
  await idle(page, "network");
  const [blank, empty] = [await outputs(), await pixels()];

  const pad = page.locator("canvas.pad");
  await pad.focus();
  for (let i = 0; i < 8; i++) await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press(" ");
  await page.getByRole("button", { name: "Clear" }).focus();
  await idle(page, "network");
  const [byKeys, drawn] = [await outputs(), await pixels()];
  expect(byKeys).not.toEqual(blank);
  expect(drawn).not.toBe(empty);

  const { x, y, width } = (await pad.boundingBox())!;
  await page.mouse.move(x + 0.2 * width, y + 0.3 * width);
  await page.mouse.down();
  await page.mouse.move(x + 0.8 * width, y + 0.3 * width, { steps: 6 });
  await page.mouse.up();
  await idle(page, "network");
  expect(await outputs()).not.toEqual(byKeys);
  expect(await pixels()).not.toBe(drawn);
});
