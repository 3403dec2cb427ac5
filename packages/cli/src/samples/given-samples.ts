import { type FlowModel, UsageError } from "@flowify/core";
import { joined } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { valueAt, valuesAt } from "../places.js";
import { rowOf } from "../rows.js";
import { weightsOf } from "../statistics.js";
import type { IsPossible } from "../tables/ordered-columns.js";
import { type GivenValue, isMoved, logShare, narrowed, putValue } from "./given-values.js";

/** Proposals of one call, and of all together for each row that is wanted. */
const AT_ONCE = 8192;
const EACH = 200;
const FEWEST = 32_768;

/** Rows that hold the given values, and what they are worth. */
export type GivenSamples = Readonly<{
  /** [count, width] */
  rows: Float32Array;
  /** (Σ w)² / Σ w²: the number of independent rows that the weighted proposals are worth. */
  effective: number;
  proposals: number;
}>;

/**
 * Samples rows given some of their columns, p(r | g) ∝ p(g, r), by importance resampling. A proposal (g', r) ~ p becomes
 * (g, r) with the weight
 *
 *     w = K(g' − g) p(g, r) / p(g', r)
 *
 * where K is the kernel of Epanechnikov; categories have to agree. The mean of w over g' given r is p(g, r) / p(r) up to a
 * constant, so the weighted rows are samples of p(r | g), of those that are possible. Rows are then drawn by their weights (systematic resampling).
 *
 * @throws UsageError where no proposal is near the given values
 * Source: Rubin 1987 (importance resampling); Kitagawa 1996 (systematic resampling).
 */
export async function givenSamples(
  model: FlowModel,
  wanted: readonly GivenValue[],
  {
    count,
    seed,
    temperature = 1,
    isPossible = () => true,
  }: { count: number; seed: number; temperature?: number; isPossible?: IsPossible | undefined },
): Promise<GivenSamples> {
  const width = model.flow.dimensions;
  const kept: Float32Array[] = [];
  const logWeights: number[] = [];
  const most = Math.max(FEWEST, EACH * count);
  let proposals = 0;
  let given = wanted;
  while (proposals < most && effectiveSize(logWeights) < count) {
    const drawn = await model.sampleFlat(AT_ONCE, { seed: seed + proposals, temperature });
    if (proposals === 0) given = wanted.map((each) => narrowed(each, drawn, width));
    proposals += AT_ONCE;
    const near: { row: number; share: number }[] = [];
    for (let row = 0; row < drawn.length; row += width) {
      const share = given.reduce((sum, each) => sum + logShare(each, drawn, row), 0);
      if (share === Number.NEGATIVE_INFINITY) continue;
      near.push({ row, share });
    }
    if (near.length === 0) continue;
    const before = joined(near.map(({ row }) => drawn.subarray(row, row + width)));
    const after = before.slice();
    for (const each of given) for (let row = 0; row < after.length; row += width) putValue(each, after, row);
    const changes = given.some(isMoved) ? await logRatios(model, after, before) : undefined;
    near.forEach(({ share }, i) => {
      if (!isPossible(after, i * width)) return;
      kept.push(rowOf(after, i, width));
      logWeights.push(share + (changes?.[i] ?? 0));
    });
  }
  if (kept.length === 0)
    throw new UsageError(
      `--given: none of ${proposals} samples is near these values\ngive fewer columns, or values that training rows have`,
    );
  const rows = joined(valuesAt(kept, systematic(logWeights, count, seed)));
  return { rows, effective: effectiveSize(logWeights), proposals };
}

async function logRatios(model: FlowModel, after: Float32Array, before: Float32Array): Promise<Float64Array> {
  const [high, low] = [await model.logProb(after), await model.logProb(before)];
  return Float64Array.from(high, (log, i) => log - valueAt(low, i));
}

function effectiveSize(logs: readonly number[]): number {
  const weights = weightsOf(logs);
  const [sum, squares] = weights.reduce(([a, b], w) => [a + w, b + w * w], [0, 0]);
  return squares > 0 ? sum ** 2 / squares : 0;
}

/** Indices drawn by weight: each comes as often as its weight says, to one more or less. */
function systematic(logs: readonly number[], count: number, seed: number): number[] {
  const weights = weightsOf(logs);
  const total = weights.reduce((a, b) => a + b, 0);
  const start = makeRng(seed).uniform();
  const chosen: number[] = [];
  let [at, passed] = [0, valueAt(weights, 0)];
  for (let i = 0; i < count; i++) {
    const wanted = ((i + start) * total) / count;
    while (passed <= wanted && at < weights.length - 1) passed += valueAt(weights, ++at);
    chosen.push(at);
  }
  return chosen;
}
