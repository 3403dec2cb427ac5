import { readFileSync } from "node:fs";
import { jaxExecutor } from "@flowify/core";
import { loadRuntime } from "@flowify/onnx";
import { simulators, trainPosterior } from "flowify/posterior/browser";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OWN_EXAMPLE, posteriorConfig, storedFile } from "../src/tabs/posterior/config.js";
import { taskOf } from "../src/tabs/posterior/own.js";
import { trainingOf } from "../src/tabs/posterior/training.js";
import { shown } from "./as-in-node.js";
import { audited } from "./audited.js";
import { type Playground, startPlayground } from "./browser.js";
import { idle } from "./saved-run.js";

let playground: Playground;
/** A page with a finished posterior, which the tests hand on. */
let finished: Page;
beforeAll(async () => {
  playground = await startPlayground();
  finished = await playground.open("#/posterior");
  await finished.locator(".ranks").waitFor();
  await idle(finished, "posterior");
});
afterAll(() => playground.close());

const medians = (page: Page): Promise<number[]> =>
  Promise.all([0, 1].map((k) => shown(page, `#posterior-median-${k}`)));
const observation = (page: Page) => page.getByRole("img", { name: "The observation." });

test("a finished posterior stands there, and moves with the observation, to the numbers of Node", async () => {
  const page = finished;
  const options = trainingOf(v.parse(posteriorConfig, {}), simulators.two_moons);
  const stored = readFileSync(new URL(`../public/${storedFile("two_moons")}`, import.meta.url));
  const found = await trainPosterior({ ...options, executor: jaxExecutor() }, { before: [stored] });
  const inNode = async (observed: readonly number[]): Promise<number[]> => {
    const draws = await found.sample(2000, { observed });
    return [0, 1].map((k) => draws.map((row) => row[k]!).toSorted((a, b) => a - b)[1000]!);
  };
  const expectAsInNode = async (observed: readonly number[]): Promise<void> => {
    const wanted = await inNode(observed);
    await expect
      .poll(async () => Math.max(...(await medians(page)).map((own, k) => Math.abs(own - wanted[k]!))), {
        timeout: 20_000,
      })
      .toBeLessThan(1e-3);
  };
  await expectAsInNode([0, 0]);
  await observation(page).focus();
  for (const key of ["ArrowUp", "ArrowUp", "ArrowLeft"]) await page.keyboard.press(key);
  await page.getByRole("img", { name: "x₁ is -0.038, x₂ is 0.128" }).waitFor();
  await expectAsInNode([-0.038, 0.128]);
  await found.dispose();

  const { x, y, width, height } = (await observation(page).boundingBox())!;
  await page.mouse.move(x + 0.5 * width, y + 0.5 * height);
  await page.mouse.down();
  await page.mouse.move(x + 0.99 * width, y + 0.05 * height, { steps: 5 });
  await page.mouse.up();
  await page.getByText("outside of everything simulated").waitFor();
  await page.getByRole("button", { name: "Simulate another observation" }).press("Enter");
  await page.getByText("outside of everything simulated").waitFor({ state: "detached" });
  await page.getByRole("columnheader", { name: "true" }).waitFor();
  await idle(page, "posterior");
});

audited("posterior", () => finished);

test("another simulator has a posterior of its own", async () => {
  const page = finished;
  await page.getByLabel("Simulator").selectOption("pendulum");
  await page.getByRole("img", { name: "Number 1 of 10" }).waitFor();
  await page.locator("#posterior-median-1", { hasText: /\d/ }).waitFor();
  await idle(page, "posterior");
  expect(await page.getByText("This posterior came with the page").count()).toBe(1);
});

test("another simulator is trained here, and leaves as a file", { tags: ["long"] }, async () => {
  const config = { task: "pendulum", simulations: 300, epochs: 4 };
  const page = await playground.open(`#/posterior?config=${encodeURIComponent(JSON.stringify(config))}`);
  await page.locator(".ranks").waitFor();
  await idle(page, "posterior");
  expect(await page.getByText("s from 300 simulations").count()).toBe(1);
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download posterior.onnx" }).press("Enter"),
  ]);
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(readFileSync(await saved.path()), { logSeverityLevel: 3 });
  const { theta } = await session.run({
    observation: new Tensor("float32", new Float32Array(10), [1, 10]),
    noise: new Tensor("float32", new Float32Array(2), [1, 2]),
    choice: new Tensor("float32", new Float32Array(1), [1, 1]),
  });
  expect(theta!.data[0]).toBeGreaterThan(0.2); // the shortest pendulum of the prior
  await session.release();

  const numbers = (): Promise<string | null> => page.locator(".posterior table").first().textContent();
  const before = await numbers();
  // another number of the series is held, and moved
  await observation(page).press("ArrowRight");
  await page.getByRole("img", { name: "Number 2 of 10" }).waitFor();
  for (let i = 0; i < 6; i++) await observation(page).press("ArrowUp");
  await expect.poll(numbers, { timeout: 20_000 }).not.toBe(before);
});

test("a simulator of one's own is written into the page, trained, and stopped where it never ends", async () => {
  const config = { task: "own", simulations: 300, epochs: 4 };
  const page = await playground.open(`#/posterior?config=${encodeURIComponent(JSON.stringify(config))}`);
  const box = page.getByLabel("Simulator, a module in JavaScript");
  const start = page.getByRole("button", { name: "Simulate and train" });
  await expect.poll(() => box.inputValue()).toBe(OWN_EXAMPLE);
  await box.fill(OWN_EXAMPLE.replace("length: 8", "length: 3").replace("mean:", "middle:"));
  await start.press("Enter");
  await page.locator(".ranks").waitFor();
  await page.getByRole("img", { name: "Number 1 of 3" }).waitFor();
  await idle(page, "posterior");
  expect(await page.getByRole("rowheader", { name: "middle" }).count()).toBeGreaterThan(0);
  const before = await medians(page);
  for (let i = 0; i < 6; i++) await observation(page).press("ArrowUp");
  await expect.poll(() => medians(page), { timeout: 20_000 }).not.toEqual(before);

  await box.fill("export const prior = ;");
  await start.press("Enter");
  await page.getByText("it cannot be run, SyntaxError").waitFor();
  await box.fill(OWN_EXAMPLE.replace("return", "for (;;);\n  return"));
  await page.clock.install();
  await start.press("Enter");
  const stop = page.getByRole("button", { name: "Stop" });
  await stop.press("Enter");
  await stop.press("Enter");
  await page.clock.fastForward(61_000);
  await idle(page, "posterior");
  await page.getByText("The simulator said nothing for 60 seconds, so it was stopped.").waitFor();
});

test.each([
  ["no function", { prior: { a: [0, 1] } }, "it exports no function simulate"],
  ["no prior", { simulate: () => [1] }, "it exports no prior"],
  ["a prior of nothing", { prior: {}, simulate: () => [1] }, "its prior has 0 parameters, expected 1 to 5"],
  ["ends the wrong way round", { prior: { a: [1, 0] }, simulate: () => [1] }, "the prior of a is [1,0]"],
  ["one end", { prior: { a: 1 }, simulate: () => [1] }, "the prior of a is 1, expected two numbers"],
])("a simulator with %s is refused in words", (_, module, text) => {
  expect(() => taskOf(module)).toThrow(text);
});
