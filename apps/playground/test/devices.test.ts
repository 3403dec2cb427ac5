import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../../../packages/cli/test/temporary-folder.js";
import { planeConfig } from "../src/tabs/plane/config.js";
import { expectImagesAsInNode, expectPretrainedAsInNode, planeLogProbInNode, shown } from "./as-in-node.js";
import { expectProblem, follow, type Playground, startPlayground } from "./browser.js";
import { dense, onnxBytes } from "./onnx-files.js";
import { idle } from "./saved-run.js";

const root = temporaryFolder();

/** With WebGPU; the last test with it ends its GPU. */
let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground({ webgpu: true });
});
afterAll(() => playground.close());

// WebGPU is computed by the processor here, beside another test
const SLOW = 240_000;
const layers = [
  { kind: "linear", out: 2 },
  { kind: "leakyRelu", slope: 0.5 },
  { kind: "linear", out: 2 },
];

const configured = (config: object): string => `#/plane?config=${encodeURIComponent(JSON.stringify(config))}`;

/** What the page says of a density that it has trained, and where it was computed. */
async function trained(page: Page): Promise<{ logProb: number; where: string | null }> {
  await page.getByText("Trained: all 5 steps are done.").waitFor({ timeout: SLOW });
  const logProb = await shown(page, "#plane-log-prob");
  expect(await planeLogProbInNode(page, v.parse(planeConfig, { layers }))).toBeCloseTo(logProb, 3);
  return { logProb, where: await page.locator("#plane-device").textContent() };
}

test("WebGPU and Wasm give the numbers of Node", { timeout: SLOW }, async () => {
  const page = await playground.open(configured({ layers, steps: 5, device: "webgpu" }));
  const onGpu = await trained(page);
  expect(onGpu.where).toBe("WebGPU");
  const place = page.locator("#plane-device");
  await follow(page, configured({ layers, steps: 5, device: "wasm" }));
  await place.filter({ hasText: "Wasm" }).waitFor({ timeout: SLOW });
  const onCpu = await trained(page);
  expect(onGpu.logProb).toBeCloseTo(onCpu.logProb, 3);
  // a software adapter is no reason to leave Wasm
  await follow(page, configured({ layers, steps: 5, device: "auto", running: false }));
  await page.locator("#plane-step", { hasText: /^0$/ }).waitFor({ timeout: SLOW });
  await place.filter({ hasText: /\w/ }).waitFor({ timeout: SLOW });
  expect(await place.textContent()).toBe("Wasm");
});

test("images are trained by WebGPU to the numbers of Node", { tags: ["long"], timeout: SLOW }, async () => {
  const address = { widths: [8], steps: 3, device: "webgpu" };
  const page = await playground.open(`#/images?config=${encodeURIComponent(JSON.stringify(address))}`);
  await page.getByText("Trained: all 3 steps are done.").waitFor({ timeout: SLOW });
  expect(await page.locator("#images-device").textContent()).toBe("WebGPU");
  await expectImagesAsInNode(page, address, join(root, "images"));
});

test("a given network is scored and asked for preimages by WebGPU, to the numbers of Node", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const path = join(root, "net.onnx");
  writeFileSync(path, onnxBytes(dense.nodes, dense.weights));
  const config = { device: "webgpu", count: 1 };
  const page = await playground.open(`#/network?config=${encodeURIComponent(JSON.stringify(config))}`);
  await page.locator("#part-network input[type=file]").setInputFiles(path);
  await page.getByRole("button", { name: "Make it a density" }).click();
  await page.locator("output#log-prob").waitFor({ timeout: SLOW });
  expect(await page.locator("#part-network output#device").textContent()).toBe("WebGPU");
  await page.getByRole("button", { name: "A handwritten 3" }).click();
  await idle(page, "network");
  await expectPretrainedAsInNode(page, path);

  await page.getByRole("button", { name: "Sample preimages" }).click();
  await page.locator("output#preimages-difference").waitFor({ timeout: SLOW });
  expect(await shown(page, "output#preimages-difference")).toBeLessThan(1e-3);
});

test("training goes on in Wasm where the GPU is lost, with the steps that were taken", {
  timeout: SLOW,
}, async () => {
  const page = await playground.open(configured({ layers, steps: 20_000, device: "webgpu" }));
  const step = () => shown(page, "#plane-step");
  await expect.poll(step, { timeout: SLOW }).toBeGreaterThan(0);
  const taken = await step();
  await playground.loseGpu();
  await page.getByText("training continues in Wasm").waitFor({ timeout: SLOW });
  await expect.poll(step, { timeout: SLOW }).toBeGreaterThan(taken);
  expect(await page.locator("#plane-device").textContent()).toBe("Wasm");
  await page.locator("#plane-integral", { hasText: /\d/ }).waitFor({ timeout: SLOW });
  expect(await shown(page, "#plane-integral")).toBeCloseTo(1, 1.7);
});

test("without WebGPU Wasm does it, also without threads; asking for it is answered in words", {
  tags: ["long"],
  timeout: SLOW,
}, async () => {
  const without = await startPlayground({ isolated: false });
  try {
    const page = await without.open();
    expect(await page.evaluate(() => typeof SharedArrayBuffer)).toBe("undefined");
    expect((await trained(await without.open(configured({ layers, steps: 5 })))).where).toBe("Wasm");
    const asked = await without.open(configured({ device: "webgpu" }));
    await expectProblem(asked, "WebGPU");
  } finally {
    await without.close();
  }
});
