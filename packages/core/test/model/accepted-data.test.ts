import { expect, it } from "vitest";
import { initParams } from "../../src/entries/layer.js";
import {
  createTrainer,
  type ExamplesIn,
  FlowModel,
  flowify,
  jaxExecutor,
  type OrdinaryNetwork,
} from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { ontoLevelSet } from "../../src/preimage/level-set.js";
import { preimagesOf } from "../../src/preimage/preimages.js";

const COUNT = 6;
const rng = makeRng(8);
// halves: the same numbers in float32 and float64
const halves = (length: number): number[] =>
  Array.from({ length }, () => Math.round(2 * rng.normal() + 1) / 2);

const network: OrdinaryNetwork = {
  inShape: [3],
  layers: [
    { kind: "affine", scale: Float32Array.of(2, 1, 3) },
    { kind: "linear", out: 2, weights: { weight: Float32Array.of(1, 2, 0, 0, 1, -1) } },
  ],
};

/** Rows of `size` numbers in every form that a function takes. */
function forms(numbers: readonly number[], size: number): ExamplesIn[] {
  const rows = Array.from({ length: numbers.length / size }, (_, i) =>
    numbers.slice(i * size, (i + 1) * size),
  );
  return [Float32Array.from(numbers), Float64Array.from(numbers), rows];
}

it("every function that takes examples takes them typed or nested", async () => {
  const flow = flowify(network, { frozen: true });
  const model = await FlowModel.create(flow, jaxExecutor());
  const executor = jaxExecutor();
  const [examples, latents] = [halves(3 * COUNT), halves(2 * COUNT)];
  const example = halves(3);
  const functions: {
    [name: string]: { size: number; numbers: number[]; call: (data: ExamplesIn) => unknown };
  } = {
    logProb: { size: 3, numbers: examples, call: (x) => model.logProb(x) },
    bound: { size: 3, numbers: examples, call: (x) => model.importanceBound(x, { samples: 2 }) },
    score: { size: 3, numbers: examples, call: (x) => first(model.score([x])) },
    monitor: { size: 3, numbers: examples, call: (x) => model.evaluate(x) },
    encode: { size: 3, numbers: examples, call: (x) => model.encode(x) },
    reconstruct: { size: 3, numbers: examples, call: (x) => model.reconstruct(x) },
    decode: { size: 2, numbers: latents, call: (z) => model.decode(z) },
    "explain, its others": { size: 3, numbers: examples, call: (x) => model.explain(example, x) },
    "explain, its example": { size: 3, numbers: example, call: (x) => model.explain(x, examples) },
    preimages: { size: 3, numbers: example, call: (x) => model.preimages(network, x, { count: 2 }) },
    preimagesOf: {
      size: 2,
      numbers: latents,
      call: (y) => preimagesOf(model, network, y, examples),
    },
    ontoLevelSet: { size: 3, numbers: examples, call: (x) => ontoLevelSet(network, x, latents) },
    initParams: { size: 3, numbers: examples, call: (x) => initParams({ flow, executor, data: x }) },
    createTrainer: {
      size: 3,
      numbers: examples,
      call: async (x) => {
        const options = { flow: flowify(network), executor, steps: 1, batchSize: 2 };
        const trainer = await createTrainer({ ...options, data: x });
        const { loss } = await trainer.step();
        await trainer.dispose();
        return loss;
      },
    },
  };
  for (const [name, { size, numbers, call }] of Object.entries(functions)) {
    const [typed, ...others] = await Promise.all(forms(numbers, size).map(async (data) => call(data)));
    for (const other of others) expect({ [name]: other }).toEqual({ [name]: typed });
  }
  await model.dispose();
});

async function first<T>(results: AsyncIterable<T>): Promise<T | undefined> {
  for await (const result of results) return result;
  return undefined;
}
