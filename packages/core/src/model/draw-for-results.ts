import { ShapeError } from "../errors.js";
import { alongLevelSet, filledUp, rowsAt, towardsResults } from "../network/level-path.js";
import { towardsLevelSet } from "../network/level-set.js";
import { type LinearizedNetwork, linearized } from "../network/linearized.js";
import type { OrdinaryNetwork } from "../network/ordinary.js";
import type { DrawOptions, FlowModel } from "./model.js";

/** Largest difference from what is wanted that is left alone, by the largest number that is wanted. */
const TOLERANCE = 5e-5;

/** Inputs that a network maps to wanted results, one after the other. */
export type ResultDraws = Readonly<{
  items: Float32Array;
  /** Of each, how far it came from an item that has the results to its draw: 1 for all of the way. */
  ways: Float64Array;
}>;

type Drawing = Omit<DrawOptions, "mode">;
type Model = Pick<FlowModel, "decode" | "executor">;

/**
 * Inputs that a network maps to wanted results: draws of the stochastic inverse of its flow, each moved the
 * short way onto the level set of f (`ontoLevelSet`). From a draw far from all data no steps lead there: ReLUs
 * that are off have no derivative. Such a draw is come to from the other side, from an item that is known to
 * have the results, along the level set as far as it goes. Where that is not the whole way, the input is no
 * draw of the inverse; `ways` tells.
 *
 * @param model the flow of the network alone, whose latents are its results
 * @param wanted results, one after the other, one for each input
 * @param known an item for each of them that has these results
 * @returns where no way leads to a result, the nearest that was found, with 0 for its way
 * @throws ShapeError where there is not one known item a result
 */
export async function drawForResults(
  model: Model,
  network: OrdinaryNetwork,
  wanted: Float32Array,
  known: Float32Array,
  options: Drawing = {},
): Promise<ResultDraws> {
  const f = linearized(network, model.executor);
  try {
    return await drawn(model, f, wanted, known, options);
  } finally {
    await f.dispose();
  }
}

/**
 * Inputs that a network cannot tell from an item: `drawForResults` for the results of the item, or for others,
 * which the item is led to first, in steps that each move it the short way.
 *
 * @param model the flow of the network alone
 * @throws ShapeError where item or results are not what the network takes and gives
 */
export async function drawVariants(
  model: Model,
  network: OrdinaryNetwork,
  item: Float32Array,
  { count = 64, results, ...options }: VariantOptions = {},
): Promise<ResultDraws> {
  const f = linearized(network, model.executor);
  const found = results?.length ?? f.outSize;
  if (item.length !== f.inSize || found !== f.outSize)
    throw new ShapeError(
      `drawVariants: expected an item of ${f.inSize} numbers and results of ${f.outSize}, got ${item.length} and ${found}`,
    );
  try {
    const wanted = results ?? (await f.at(item, () => false)).y;
    const known = results ? (await towardsResults(f, item, results, toleranceOf(results))).items : item;
    const all = new Array<number>(count).fill(0);
    return await drawn(model, f, rowsAt(wanted, f.outSize, all), rowsAt(known, f.inSize, all), options);
  } finally {
    await f.dispose();
  }
}

export type VariantOptions = Drawing & {
  /** Inputs to draw. Default 64. */
  count?: number;
  /** What the network shall give for them. Default what it gives for the item. */
  results?: Float32Array;
};

const toleranceOf = (wanted: Float32Array): number =>
  TOLERANCE * (wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);

async function drawn(
  model: Model,
  f: LinearizedNetwork,
  wanted: Float32Array,
  known: Float32Array,
  options: Drawing,
): Promise<ResultDraws> {
  const { inSize: n, outSize: m } = f;
  if (wanted.length % m > 0 || known.length * m !== wanted.length * n)
    throw new ShapeError(
      `drawForResults: results of ${m} and as many known items of ${n}, got ${wanted.length} and ${known.length} numbers`,
    );
  const tolerance = toleranceOf(wanted);
  const draws = await model.decode(wanted, options);
  const { items, missing } = await towardsLevelSet(f, draws, wanted, { tolerance });
  const ways = Float64Array.from(missing, (miss) => (miss <= tolerance ? 1 : 0));
  const left = filledUp(Array.from(ways.keys()).filter((item) => ways[item] === 0));
  if (left.length === 0) return { items, ways };
  const [from, to, y] = [rowsAt(known, n, left), rowsAt(draws, n, left), rowsAt(wanted, m, left)];
  const gone = await alongLevelSet(f, from, to, y, tolerance);
  const led = await towardsLevelSet(f, gone.items, y, { tolerance });
  for (const [k, item] of left.entries()) {
    if (led.missing[k]! > missing[item]!) continue;
    ways[item] = gone.ways[k]!;
    items.set(led.items.subarray(k * n, (k + 1) * n), item * n);
  }
  return { items, ways };
}
