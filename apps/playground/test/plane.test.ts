import { createTrainer, FlowModel, flowify, jaxExecutor } from "@flowify/core";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planeConfig, presets } from "../src/tabs/plane/config.js";
import { planeData } from "../src/tabs/plane/data.js";
import { mean, planeLogProbInNode, shown } from "./as-in-node.js";
import { audited, expectColumns } from "./audited.js";
import { expectProblem, follow, type Playground, silentWorkers, startPlayground } from "./browser.js";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(() => playground.close());

const SLOW = 120_000;
const narrow = [
  { kind: "linear", out: 2 },
  { kind: "leakyRelu", slope: 0.5 },
  { kind: "linear", out: 1 },
] as const;
const small = { layers: [...narrow], steps: 20 } as const;

const addressOf = (config: object): string => `#/plane?config=${encodeURIComponent(JSON.stringify(config))}`;

/** Waits until all steps are taken and what the page shows is of the last one. */
async function finished(page: Page, steps: number): Promise<void> {
  await page.getByText(`Trained: all ${steps} steps are done.`).waitFor({ timeout: SLOW });
}

test("moons train without a click, to the numbers of the same run in Node", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const config = v.parse(planeConfig, { steps: 6 });
  const page = await playground.open(addressOf({ steps: 6 }));
  await finished(page, 6);
  const logProb = await shown(page, "#plane-log-prob");
  expect(await shown(page, "#plane-integral")).toBeCloseTo(1, 1.7);
  expect(await planeLogProbInNode(page, config)).toBeCloseTo(logProb, 3);

  const { train, heldOut } = planeData(config);
  const flow = flowify({ inShape: [2], layers: config.layers });
  const { learningRate, seed, steps } = config;
  const options = { learningRate, seed, steps, batchSize: 128, initExamples: 1024 };
  const trainer = await createTrainer({ flow, data: train, executor: jaxExecutor(), ...options });
  const best = await shown(page, "#plane-best");
  while (trainer.taken < best) await trainer.step();
  const model = new FlowModel(flow, await trainer.params(), jaxExecutor());
  expect(mean(await model.logProb(heldOut))).toBeCloseTo(logProb, 3);
  await model.dispose();
  await trainer.dispose();
});

test("a network that widens is a bound, and what its bound averages to integrates to 1", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const page = await playground.open(addressOf({ layers: presets["2 to 3"], steps: 20 }));
  await finished(page, 20);
  expect(await page.getByText("a lower bound in expectation").count()).toBe(1);
  expect(Math.abs((await shown(page, "#plane-integral")) - 1)).toBeLessThan(0.02);
  expect(await page.locator(".bar.of-bound").count()).toBe(1);
});

test("pause, step, reset", { tags: ["long"], timeout: SLOW }, async () => {
  const page = await playground.open(addressOf({ layers: narrow }));
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused after step").waitFor();
  const taken = await shown(page, "#plane-step");
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => shown(page, "#plane-step"), { timeout: SLOW }).toBe(taken + 1);
  await page.getByRole("button", { name: "Reset" }).click();
  await expect.poll(() => shown(page, "#plane-step"), { timeout: SLOW }).toBe(0);
  await page.reload();
  await page.locator("#plane-integral", { hasText: /\d/ }).waitFor();
  expect(await shown(page, "#plane-step")).toBe(0);
});

test("for readers who ask for less motion training waits for a click, or for an address that asks for it", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const still = { reducedMotion: "reduce" } as const;
  const page = await playground.open(addressOf(small), still);
  await page.locator("#plane-integral", { hasText: /\d/ }).waitFor();
  expect(await shown(page, "#plane-step")).toBe(0);
  expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(0);
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await finished(page, 20);
  await finished(await playground.open(addressOf({ ...small, running: true }), still), 20);
});

describe("a page that has trained", () => {
  let page: Page;
  beforeAll(async () => {
    page = await playground.open(addressOf({ layers: narrow, steps: 3 }));
    await finished(page, 3);
  }, SLOW);

  test("its columns have no gaps, and its controls come first on a phone", async () => {
    await expectColumns(page, { 1280: 3, 800: 2 });
  });

  audited("plane", () => page);

  test("buttons, lists, sliders and the editor are worked by keys alone", { timeout: SLOW }, async () => {
    const press = async (name: string, key: string): Promise<void> =>
      page.getByRole("button", { name, exact: true }).press(key);
    await press("Reset", "Enter");
    await expect.poll(() => shown(page, "#plane-step"), { timeout: SLOW }).toBe(3);

    const lines = (): Promise<string[]> => page.locator(".editor li").allTextContents();
    await page.getByLabel("Layers, one a line").focus();
    await page.keyboard.press("Control+End");
    await page.keyboard.type('\n{"kind":"linear","out":3}');
    await page.keyboard.press("Tab");
    await expect.poll(lines, { timeout: SLOW }).toHaveLength(narrow.length + 1);
    expect((await lines()).at(-1)).toBe("linear[3]: 1 → 3 bound");
    expect(decodeURIComponent(new URL(page.url()).hash)).toContain('{"kind":"linear","out":3}');
    await finished(page, 3);

    const slider = page.getByRole("slider");
    await slider.press("Home");
    expect(await slider.getAttribute("aria-valuetext")).toBe("data x");
    await slider.press("End");
    expect(await slider.getAttribute("aria-valuetext")).toBe("after linear[3]");
    await page.getByLabel("Seed").focus();
    await page.keyboard.press("ArrowUp");
    await expect.poll(() => decodeURIComponent(page.url())).toContain('"seed":1');
  });

  test("a run that diverges stops with words and can be reset", { timeout: SLOW }, async () => {
    await follow(page, addressOf({ learningRate: 100, steps: 60, layers: narrow }));
    const alert = page.getByRole("alert").filter({ hasText: "A smaller learning rate may help" });
    await alert.waitFor({ timeout: SLOW });
    await page.getByLabel("Learning rate").fill("0.01");
    await page.getByLabel("Learning rate").press("Enter");
    await alert.waitFor({ state: "detached" });
    await expect.poll(() => shown(page, "#plane-integral"), { timeout: SLOW }).toBeGreaterThan(0.9);
  });

  test("layers are refused in words and chosen, by the keyboard alone", { timeout: SLOW }, async () => {
    const text = page.getByLabel("Layers, one a line");
    const before = await text.inputValue();
    const type = async (last: string): Promise<void> => {
      await text.fill(`${before}\n${last}`);
      await text.press("Tab");
    };
    await type('{"kind":"coupling","stack":1}');
    await expectProblem(page, "needs two features at least");
    await type("linear 3");
    await expectProblem(page, 'Expected a layer on each line, such as {"kind":"linear","out":2}');
    await type('{"kind":"linear","out":1e9}');
    await expectProblem(page, `line ${before.split("\n").length + 1}, Invalid value`);
    expect(await text.inputValue()).toContain("1e9");
    await page.getByLabel("Start from").selectOption("2 to 3");
    await page.getByText("2 → 3 bound").waitFor();
    await page.getByRole("alert").waitFor({ state: "detached" });
  });
});

test("without workers, storage and threads the page says what it lacks, or works", {
  timeout: SLOW,
}, async () => {
  const page = await playground.open(addressOf(small), {
    before: (fresh) =>
      fresh.addInitScript(() => {
        Reflect.deleteProperty(globalThis, "Worker");
        Object.defineProperty(globalThis, "localStorage", {
          get: () => {
            throw new DOMException("denied", "SecurityError");
          },
        });
      }),
  });
  await expectProblem(page, "This browser has no web workers");
});

const hostile = { device: "<img src=x onerror=alert(1)>", "<b>": 1 };
let refused: Page | undefined;
test.each([
  ["#/plane?config=%7Bnope", "is not JSON"],
  [addressOf(hostile), "device"],
  [addressOf({ layers: [{ kind: "linear", out: 1e9 }] }), "layers"],
  [addressOf({ steps: -1 }), "steps"],
  [addressOf({ layers: [{ kind: "constructor" }] }), "layers"],
  [addressOf({ data: "own" }), "data"],
])("the address %s is refused in words, and never becomes HTML", { timeout: SLOW }, async (hash, words) => {
  // one page follows all of them; the page refuses before a worker is asked
  if (refused) await follow(refused, hash);
  else refused = await playground.open(hash, { before: silentWorkers });
  await expectProblem(refused, words);
  expect(await refused.locator("main img, main b").count()).toBe(0);
});
