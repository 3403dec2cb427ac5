import { ShapeError } from "../errors.js";
import type { ExamplesIn } from "../examples.js";
import type { Executor } from "../executor/executor.js";
import { numbersOf } from "../nested-numbers.js";
import { outShape } from "../network/apply-network.js";
import type { OrdinaryNetwork } from "../network/network.js";
import type { DrawOptions } from "../noise.js";
import { sizeOf } from "../shape.js";
import { alongLevelSet, filledUp, rowsAt, towardsResults } from "./level-path.js";
import { towardsLevelSet } from "./level-set.js";
import { type LinearizedNetwork, linearized } from "./linearized.js";

/** Largest difference from what is wanted that is left alone, by the largest number that is wanted. */
const TOLERANCE = 1e-5;

/** Inputs that a network maps to wanted results, one after the other. */
export type Preimages = Readonly<{
  examples: Float32Array;
  /** Of each, how far it came from an example that has the results to its draw: 1 for all of the way. */
  ways: Float64Array;
}>;

/** What is needed of a model: draws of its stochastic inverse. */
type Decoder = Readonly<{
  executor: Executor;
  decode(latents: Float32Array, options: DrawOptions): Promise<Float32Array>;
}>;

/**
 * Inputs that a network maps to wanted results: draws of the stochastic inverse of its flow, each moved the
 * short way onto the level set of f (`ontoLevelSet`). From a draw far from all data no steps lead there: ReLUs
 * that are off have no derivative. Such a draw is come to from the other side, from an example that is known to
 * have the results, along the level set as far as it goes. Where that is not the whole way, the input is no
 * draw of the inverse; `ways` tells. Where no layer is narrower than the input there is no such way, and the input is the
 * known example.
 *
 * @param model the flow of the network alone, whose latents are its results
 * @param wanted results, one after the other, one for each input
 * @param known an example for each of them that has these results
 * @returns where no way leads to a result, the nearest that was found, with 0 for its way
 * @throws ShapeError where there is not one known example a result
 */
export async function preimagesOf(
  model: Decoder,
  network: OrdinaryNetwork,
  wanted: ExamplesIn,
  known: ExamplesIn,
  options: DrawOptions = {},
): Promise<Preimages> {
  const f = linearized(network, model.executor);
  try {
    return await drawn(model, f, numbersOf(wanted), numbersOf(known), options);
  } finally {
    await f.dispose();
  }
}

export type PreimageOptions = DrawOptions & {
  /** Inputs to draw. Default 64. */
  count?: number;
  /** Numbers that the network shall give, by their places; the others come along. Default what it gives for the example. */
  results?: ReadonlyMap<number, number>;
};

/** Inputs that a network cannot tell apart, and all that it gives for each of them. */
export type ExamplePreimages = Preimages & Readonly<{ results: Float32Array }>;

/**
 * Inputs that a network cannot tell from an example: `drawForResults` for the results of the example. Where others are
 * asked for, it is led to them first: f(x) in these places goes there in steps, each of which moves x the short way.
 *
 * @param model the flow of the network alone
 * @returns where no way leads to what is asked for, the example is one that comes near it
 * @throws ShapeError where the example is not what the network takes, or it gives nothing in a place
 */
export async function preimagesOfExample(
  model: Decoder,
  network: OrdinaryNetwork,
  from: ExamplesIn,
  { count = 64, results, ...options }: PreimageOptions = {},
): Promise<ExamplePreimages> {
  const example = numbersOf(from);
  const f = linearized(network, model.executor);
  if (example.length !== f.inSize)
    throw new ShapeError(`preimages: expected an example of ${f.inSize} numbers, got ${example.length}`);
  try {
    const known = results ? await ledTo(results, network, example, model.executor) : example;
    const y = await f.values(known);
    const all = new Array<number>(count).fill(0);
    const draws = await drawn(model, f, rowsAt(y, f.outSize, all), rowsAt(known, f.inSize, all), options);
    return { ...draws, results: y };
  } finally {
    await f.dispose();
  }
}

/** An example near this one for which the network gives these numbers in their places. */
async function ledTo(
  asked: ReadonlyMap<number, number>,
  { inShape, layers }: OrdinaryNetwork,
  example: Float32Array,
  executor: Executor,
): Promise<Float32Array> {
  const size = sizeOf(outShape(layers, inShape));
  const wanted = Float32Array.from(asked.values());
  const weight = new Float32Array(asked.size * size);
  for (const [row, place] of [...asked.keys()].entries()) {
    if (!(place >= 0 && place < size))
      throw new ShapeError(`preimages: the network gives ${size} numbers, there is no place ${place}`);
    weight[row * size + place] = 1;
  }
  const choice = { kind: "linear", out: asked.size, weights: { weight } } as const;
  const f = linearized({ inShape, layers: [...layers, { kind: "flatten" }, choice] }, executor);
  try {
    return (await towardsResults(f, example, wanted, toleranceOf(wanted))).examples;
  } finally {
    await f.dispose();
  }
}

const toleranceOf = (wanted: Float32Array): number =>
  TOLERANCE * (wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);

async function drawn(
  model: Decoder,
  f: LinearizedNetwork,
  wanted: Float32Array,
  known: Float32Array,
  options: DrawOptions,
): Promise<Preimages> {
  const { inSize: n, outSize: m } = f;
  if (wanted.length % m > 0 || known.length * m !== wanted.length * n)
    throw new ShapeError(
      `drawForResults: results of ${m} and as many known examples of ${n}, got ${wanted.length} and ${known.length} numbers`,
    );
  const tolerance = toleranceOf(wanted);
  const draws = await model.decode(wanted, options);
  const { examples, missing } = await towardsLevelSet(f, draws, wanted, { tolerance });
  const ways = Float64Array.from(missing, (miss) => (miss <= tolerance ? 1 : 0));
  const left = filledUp(Array.from(ways.keys()).filter((example) => ways[example] === 0));
  if (left.length === 0) return { examples, ways };
  if (!f.narrows) {
    for (const example of left) examples.set(known.subarray(example * n, (example + 1) * n), example * n);
    return { examples, ways };
  }
  const [from, to, y] = [rowsAt(known, n, left), rowsAt(draws, n, left), rowsAt(wanted, m, left)];
  const gone = await alongLevelSet(f, from, to, y, tolerance);
  const led = await towardsLevelSet(f, gone.examples, y, { tolerance });
  for (const [k, example] of left.entries()) {
    if (led.missing[k]! > missing[example]!) continue;
    ways[example] = gone.ways[k]!;
    examples.set(led.examples.subarray(k * n, (k + 1) * n), example * n);
  }
  return { examples, ways };
}
