import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTrainer, type Executor, flowify, type Network, type NetworkLayer, zoo } from "@flowify/core";
import { runSteps } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { machine } from "./machine.js";
import { matrixProduct, median } from "./matrix-product.js";
import { scalingChart } from "./scaling-chart.js";
import { writeScalingPage } from "./speed-page.js";
import type { ScalingPoint, Sweep } from "./sweep.js";

type Measured = Omit<ScalingPoint, "stepPerG">;
type Case = Readonly<{ size: number; network: Network; batch: number; threads?: number }>;

const BATCH = 128;
/** Timed steps: the least number, and the least duration. */
const [STEPS, SECONDS] = [8, 2];
const WARM_UP = 2;

const powers = (from: number, to: number): number[] =>
  Array.from({ length: Math.log2(to / from) + 1 }, (_, i) => from * 2 ** i);
const dense = (width: number, depth: number): Network => ({
  inShape: [width],
  layers: Array.from({ length: depth }, (): NetworkLayer[] => [
    { kind: "linear", out: width },
    { kind: "rqSpline" },
  ]).flat(),
});
const convolutional = (side: number): Network => ({
  inShape: [1, side, side],
  layers: [
    { kind: "dequantize" },
    { kind: "conv2d", out: 4, kernel: 2, stride: 2 },
    { kind: "rqSpline" },
    { kind: "conv2d", out: 16, kernel: 2, stride: 2 },
    { kind: "rqSpline" },
  ],
});
const fmlp = zoo("mnist/fmlp:paper");

/** The sweeps, each with one varied quantity. */
const sweeps = (cores: number): { name: string; what: string; cases: Case[] }[] => [
  {
    name: "batch",
    what: "images per batch, mnist/fmlp",
    cases: powers(1, 1024).map((size) => ({ size, network: fmlp, batch: size })),
  },
  {
    name: "width",
    what: `width of one dense layer and its spline, batch ${BATCH}`,
    cases: powers(64, 4096).map((size) => ({ size, network: dense(size, 1), batch: BATCH })),
  },
  {
    name: "depth",
    what: `dense layers of width 256 with splines, batch ${BATCH}`,
    cases: powers(1, 32).map((size) => ({ size, network: dense(256, size), batch: BATCH })),
  },
  {
    name: "side",
    what: `side of an image, two convolutions, batch ${BATCH}`,
    cases: powers(16, 128).map((size) => ({ size, network: convolutional(size), batch: BATCH })),
  },
  {
    name: "cores",
    what: `threads, mnist/fmlp, batch ${BATCH}`,
    cases: powers(1, 2 ** Math.floor(Math.log2(cores))).map((size) => ({
      size,
      network: fmlp,
      batch: BATCH,
      threads: size,
    })),
  },
];

/** Times a step of each case, and writes `scaling.md` with its picture and numbers to a folder. */
export async function benchScaling(out: string, cores: number): Promise<Sweep[]> {
  const shared = await nativeExecutor();
  const measured: { name: string; what: string; points: Measured[] }[] = [];
  for (const { name, what, cases } of sweeps(cores)) {
    const points: Measured[] = [];
    for (const { threads, ...each } of cases) {
      const executor = threads === undefined ? shared : await nativeExecutor({ threads });
      points.push(await timeStep(each, executor, shared));
      if (executor !== shared) await executor.dispose();
      const last = points.at(-1) as Measured;
      process.stderr.write(
        `${name} ${last.size}: ${last.stepMs.toFixed(1)} ms, g ${last.gMs.toFixed(1)} ms, counted ${last.floorPerG.toFixed(2)} g\n`,
      );
    }
    measured.push({ name, what, points });
  }
  await shared.dispose();
  const unit = Math.min(...measured.flatMap(({ points }) => points.map(({ gMs }) => gMs)));
  const found: Sweep[] = measured.map(({ points, ...sweep }) => ({
    ...sweep,
    points: points.map((point) => ({ ...point, stepPerG: point.stepMs / unit })),
  }));
  writeFileSync(
    join(out, "scaling.json"),
    `${JSON.stringify({ machine: machine(), sweeps: found }, null, 2)}\n`,
  );
  writeFileSync(join(out, "scaling.svg"), await scalingChart(found));
  writeScalingPage(out, machine(), found);
  return found;
}

async function timeStep(
  { size, network, batch }: Omit<Case, "threads">,
  executor: Executor,
  shared: Executor,
): Promise<Measured> {
  const entries = network.inShape.reduce((a, b) => a * b, 1);
  const rng = makeRng(size);
  const examples = Float32Array.from({ length: batch * entries }, () => Math.floor(256 * rng.uniform()));
  const trainer = await createTrainer({
    flow: flowify(network),
    executor,
    data: { examples, count: batch },
    steps: 1e6,
    batchSize: batch,
    seed: 7,
    init: "random",
  });
  const g = await matrixProduct(shared);
  const [steps, products]: [number[], number[]] = [[], []];
  const end = performance.now() + 1000 * SECONDS;
  await runSteps({
    trainer: () => trainer,
    until: Number.POSITIVE_INFINITY,
    stopped: () => steps.length >= STEPS && performance.now() >= end,
    async onStep({ step }, milliseconds) {
      const product = await g.time();
      if (step < WARM_UP) return;
      steps.push(milliseconds);
      products.push(product);
    },
  });
  const [stepMs, gMs] = [median(steps), median(products)];
  const floorPerG = (trainer.flops ?? 0) / g.flops;
  await g.dispose();
  await trainer.dispose();
  return { size, stepMs, gMs, floorPerG };
}
