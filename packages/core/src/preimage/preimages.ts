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

/** Largest accepted difference from the wanted outputs, relative to the largest of them. */
const TOLERANCE = 1e-5;

/** Inputs that a network maps to wanted outputs, one after another. */
export type Preimages = Readonly<{
  examples: Float32Array;
  /**
   * For each input, the completed share of its path from an example with these outputs to its sample: 1 for the whole
   * path.
   */
  ways: Float64Array;
}>;

/** What is needed of a model: draws of its stochastic inverse. */
type Decoder = Readonly<{
  executor: Executor;
  decode(latents: Float32Array, options: DrawOptions): Promise<Float32Array>;
}>;

/**
 * Inputs that a network maps to wanted outputs: samples of the stochastic inverse of its flow, each moved by the
 * shortest way to the level set of f (`ontoLevelSet`). From a sample far from all data no steps lead there, because
 * inactive ReLUs have no derivative. Such a sample is approached from the other side: an example known to have these
 * outputs moves toward it along the level set as far as possible. If it does not complete the path, the input is not a
 * sample of the inverse; `ways` reports this. If no layer is narrower than the input there is no such path, and the
 * input is the known example.
 *
 * @param model the flow of the network alone, whose latents are its outputs
 * @param wanted outputs, one after another, one for each input
 * @param known for each of them an example with these outputs
 * @returns for outputs without a path, the nearest input found, with 0 in `ways`
 * @throws ShapeError unless there is one known example per output
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
  /** Number of inputs. Default 64. */
  count?: number;
  /** Wanted outputs by index; the others follow. Default: the outputs for the example. */
  results?: ReadonlyMap<number, number>;
};

/** Inputs with the same outputs, and these outputs. */
export type ExamplePreimages = Preimages & Readonly<{ results: Float32Array }>;

/**
 * Inputs with the same outputs as an example: `preimagesOf` for the outputs of the example. For other requested
 * outputs, the example is first moved to them in steps, each by the shortest way.
 *
 * @param model the flow of the network alone
 * @returns if the requested outputs cannot be reached, the outputs of the nearest example found
 * @throws ShapeError if the example does not fit the network, or an output does not exist
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

/** An example near this one with these outputs. */
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
      throw new ShapeError(
        `preimages: the network has ${size} outputs, expected an index of 0 to ${size - 1}, got ${place}`,
      );
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
      `preimagesOf: expected results of ${m} numbers and as many known examples of ${n}, got ${wanted.length} and ${known.length} numbers`,
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
