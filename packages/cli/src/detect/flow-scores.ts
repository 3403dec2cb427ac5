import { type Executor, fit } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { autoNetwork } from "../networks/auto.js";
import { flowOf } from "../networks/choose.js";
import type { ScorePair } from "./combine.js";
import type { Space } from "./spaces.js";

/**
 * Training in a standardized space. Noise on every row bounds the density where rows repeat or hold integers; a few noisy
 * copies of the rows stand for noise that is drawn anew in each batch.
 */
const SCHEDULE = {
  batch: 200,
  learningRate: 4e-3,
  noise: 0.1,
  copies: 8,
  heldOut: 0.1,
  looks: 8,
} as const;

/** Rows with as much again of noise: of each row `copies`. */
function noisy(rows: Float32Array, copies: number, seed: number): Float32Array {
  const noise = new Float32Array(rows.length * copies);
  makeRng(seed).fillNormal(noise);
  return noise.map((value, i) => rows[i % rows.length]! + SCHEDULE.noise * value);
}

const pick = (rows: Float32Array, width: number, which: Uint32Array): Float32Array => {
  const out = new Float32Array(which.length * width);
  which.forEach((from, to) => {
    out.set(rows.subarray(from * width, (from + 1) * width), to * width);
  });
  return out;
};

/** −log p in nats by a flow of the network `auto`, trained on the training rows in this space; its best state on a tenth of them. */
export async function flowScores(
  executor: Executor,
  space: Space,
  training: Float32Array,
  rows: Float32Array,
  width: number,
  { seed, steps }: Readonly<{ seed: number; steps: number }>,
): Promise<ScorePair> {
  const all = space(training);
  const count = all.length / width;
  const order = permutation(makeRng(seed), count);
  const held = Math.max(1, Math.round(SCHEDULE.heldOut * count));
  const validation = pick(all, width, order.subarray(0, held));
  const learnt = noisy(pick(all, width, order.subarray(held)), SCHEDULE.copies, seed);
  const set = {
    name: "rows",
    split: "all",
    count: learnt.length / width,
    hash: "",
    rows: learnt,
    shape: [width],
  } as const;
  const flow = flowOf(autoNetwork(set), {});
  const { learningRate } = SCHEDULE;
  const every = Math.max(1, Math.floor(steps / SCHEDULE.looks));
  const batchSize = Math.min(SCHEDULE.batch, set.count);
  const model = await fit(
    flow,
    { examples: learnt, count: set.count },
    {
      executor,
      steps,
      batchSize,
      learningRate,
      seed,
      validation: { examples: validation, count: validation.length / width },
      validateEvery: every,
    },
  );
  try {
    return {
      training: (await model.logProb(all)).map((nats) => -nats),
      rows: (await model.logProb(space(rows))).map((nats) => -nats),
    };
  } finally {
    await model.dispose();
  }
}
