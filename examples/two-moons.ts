/**
 * Three flows on two moons: a bijection, one that drops a coordinate (2 → 1) and one that adds a
 * coordinate (2 → 3). Prints the integral of exp(log p) over the plane, which must be 1, and how the bound of the third
 * tightens with the number of samples. Plots the densities.
 *
 *     npm run example                    writes docs/pictures/two-moons.png
 *     npm run example -- FILE.png        writes another file
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ArraySpec } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { numpy as np, tree } from "@jax-js/jax";
import { type Flow, type FlowModel, fit, flowify, HostArray, type NetworkLayer, openExecutor } from "flowify";
import { drawDensities, type Panel } from "./density-picture.js";

/** Grid for the integral and the plot: the square [−HALF, HALF]², the midpoints of SIDE² cells. */
const HALF = 5;
const SIDE = 160;
const CELL = (2 * HALF) / SIDE;

/** Limits of the quadrature over normal noise. */
const NOISE_REACH = 6;

const STEPS = 600;

const executor = await openExecutor("auto", { warn: () => {} });

/** Points on two half circles, one opened upwards and one downwards, with normal noise. */
function twoMoons(count: number, seed: number): Float32Array {
  const rng = makeRng(seed);
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const angle = Math.PI * rng.uniform();
    const [x, y] =
      i % 2 === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    points[2 * i] = 1.5 * (x - 0.5 + 0.1 * rng.normal());
    points[2 * i + 1] = 1.5 * (y - 0.25 + 0.1 * rng.normal());
  }
  return points;
}

const blocks = (count: number, width: number): NetworkLayer[] =>
  Array.from({ length: count }, (): NetworkLayer[] => [
    { kind: "linear", out: width },
    { kind: "rqSpline", bound: 3 },
  ]).flat();

/** Flows that keep the dimension, or drop a coordinate and model it by a density given the other. */
const exactFlows: { readonly [title: string]: readonly NetworkLayer[] } = {
  "2 to 2 (bijection)": [...blocks(6, 2), { kind: "linear", out: 2 }],
  "2 to 1 (one modelled)": [...blocks(2, 2), { kind: "linear", out: 1 }, { kind: "rqSpline", bound: 3 }],
};

/** Adds a coordinate of noise: log p is a bound. */
const wideningLayers: readonly NetworkLayer[] = [...blocks(5, 3), { kind: "linear", out: 3 }];

const train = (flow: Flow, data: Float32Array): Promise<FlowModel> =>
  fit(flow, data, { steps: STEPS, batchSize: 256, learningRate: 1e-2, seed: 1, executor });

/** Midpoints of the grid's cells, row by row from the top. */
const grid = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
  const [row, column] = [Math.floor(i / 2 / SIDE), Math.floor(i / 2) % SIDE];
  return i % 2 === 0 ? (column + 0.5) * CELL - HALF : HALF - (row + 0.5) * CELL;
});

const sum = (values: Iterable<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const mean = (values: Float64Array): number => sum(values) / values.length;
const integral = (logP: Float64Array): number => sum(logP.map(Math.exp)) * CELL ** 2;

/**
 * log p(x) of a flow whose first layer adds one coordinate of normal noise e: the log of the integral over e of
 * N(e; 0, 1) · exp(log p(x, e)), by the trapezoidal rule with `count` nodes. Noise is an explicit argument of a flow,
 * so a quadrature passes its nodes where training passes samples.
 */
async function integrateNoise(
  { flow, params }: FlowModel,
  x: Float32Array,
  count: number,
): Promise<Float64Array> {
  const step = (2 * NOISE_REACH) / (count - 1);
  const nodes = Float32Array.from({ length: count }, (_, j) => j * step - NOISE_REACH);
  const weights = Float64Array.from(nodes, (e) => (Math.exp((-e * e) / 2) / Math.sqrt(2 * Math.PI)) * step);
  const atOnce = 50;
  const rows = atOnce * count;
  const noiseOf = (augmentation: object) =>
    flow.chain.layers.map((_, i) => (i === 0 ? { augmentation } : {}));
  const compiled = await executor.compile(flow.logProb, [
    tree.map(((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype)) as never, params as never),
    new ArraySpec([rows, 2], np.float32),
    noiseOf(new ArraySpec([rows, 1], np.float32)) as never,
  ]);
  const noise = noiseOf(
    new HostArray(
      Float32Array.from({ length: rows }, (_, r) => nodes[r % count]!),
      [rows, 1],
      np.float32,
    ),
  );
  const out = new Float64Array(x.length / 2);
  for (let first = 0; first < out.length; first += atOnce) {
    const examples = Float32Array.from(
      { length: 2 * rows },
      (_, k) => x[2 * (first + Math.floor(k / 2 / count)) + (k % 2)] ?? 0,
    );
    const result = await compiled.run([params, new HostArray(examples, [rows, 2], np.float32), noise]);
    const { data } = await executor.fetch<HostArray>(result);
    executor.release(result);
    for (let i = 0; i < Math.min(atOnce, out.length - first); i++)
      out[first + i] = Math.log(weights.reduce((p, w, j) => p + w * Math.exp(data[i * count + j]!), 0));
  }
  await compiled.dispose();
  return out;
}

const data = twoMoons(8192, 1);
const unseen = twoMoons(512, 2);
const panels: Panel[] = [];
const off: string[] = [];

function report(title: string, onUnseen: Float64Array, onGrid: Float64Array): void {
  const total = integral(onGrid);
  const figures = [mean(onUnseen).toFixed(3), total.toFixed(4)] as const;
  console.log(`${title.padEnd(24)}${figures[0].padStart(18)}${figures[1].padStart(12)}`);
  if (Math.abs(total - 1) > 0.01) off.push(title);
  const caption = `mean log p ${figures[0].replace("-", "−")} nats, integral ${figures[1]}`;
  panels.push({ title, caption, density: onGrid.map(Math.exp) });
}

console.log(`${"".padEnd(24)}${"log p, unseen data".padStart(18)}${"integral".padStart(12)}`);
for (const [title, layers] of Object.entries(exactFlows)) {
  const trained = await train(flowify({ inShape: [2], layers }), data);
  report(title, await trained.logProb(unseen), await trained.logProb(grid));
  await trained.dispose();
}

const widening = await train(flowify({ inShape: [2], layers: wideningLayers }), data);
const truth = await integrateNoise(widening, unseen, 241);
report("2 to 3 (noise integrated)", truth, await integrateNoise(widening, grid, 61));
console.log("  its bound from K samples of the noise, and the gap to the integral:");
for (const samples of [1, 4, 16, 64, 256]) {
  const { logProb } = await widening.importanceBound(unseen, { samples });
  const gaps = truth.map((value, i) => value - logProb[i]!);
  const error = Math.sqrt(mean(gaps.map((gap) => (gap - mean(gaps)) ** 2)) / gaps.length);
  const below = `${mean(gaps).toFixed(4)} ± ${error.toFixed(4)}`;
  console.log(`  K = ${String(samples).padEnd(18)}${mean(logProb).toFixed(3).padStart(18)}    ${below}`);
}
await widening.dispose();
await executor.dispose();

const file = process.argv[2] ?? fileURLToPath(new URL("../docs/pictures/two-moons.png", import.meta.url));
await drawDensities(file, {
  title: "Two moons: densities of three flows",
  panels,
  half: HALF,
  shown: 3,
  points: unseen,
});
console.log(`picture: ${relative(".", file)}`);
if (off.length > 0) {
  console.error(`the integral differs from 1 by more than 0.01: ${off.join(", ")}`);
  process.exitCode = 1;
}
