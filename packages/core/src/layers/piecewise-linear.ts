import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { type Heaping, heapingByPlace } from "../init/heaping.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { keyBits } from "../math/keys.js";
import { log } from "../math/log.js";
import { sumExamples } from "../math/numerics.js";
import { makeRng } from "../math/rng.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { type Shape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";

/**
 * Knots (x, y) of the lines of the M columns that have a grid, [M, K] each, rising, fixed. With cycles [A M, K]: those of A − 1 places
 * stand behind those of all others, and `own` says for each number of the condition which ones count where it is 1, [numbers of the condition, M].
 */
export type PiecewiseLinearParams = { x: np.Array; y: np.Array; own?: np.Array };

const schemas = {
  /** g, the step between the values of each column; 0 for a column that passes as it is. */
  gaps: o.listOf(o.notNegative, 1),
  /** a, a value of each column. Default 0. */
  origins: o.optional(o.listOf(o.number, 1)),
  /** Of each column the place in the condition that is 1 where its number counts, and 0 where it passes as it is; −1: it always counts. Default. */
  known: o.optional(o.listOf(o.number, 1)),
  /**
   * Of each column the first number of the condition that is 1 for the place of its number in a cycle, and how many places the cycle has:
   * some of them may have their own lines. [] for a column without. Default none.
   */
  cycles: o.optional(o.listOf(o.listOf(o.count))),
  /** K, knots of a column, a power of two. Default 1024. */
  knots: o.optional(o.integer(8, 4096)),
};
export type PiecewiseLinearOptions = o.Options<typeof schemas>;

/** Examples that values are counted in. */
const START_ITEMS = 20_000;

/** Most places of a cycle that have their own lines. */
const PLACES = 3;

/** Knots that are not those between pieces: one before, and one or more behind them, where the line has the slope 1. */
const OUTER = 3;

/**
 * z_c = y_k + (x_c − x_k) s_k with s_k = (y_{k+1} − y_k) / (x_{k+1} − x_k), x_k the last knot below x_c: a line between knots, with the
 * slope 1 beyond them. L = Σ log s_k over the columns with a gap.
 *
 * Exact, a bijection of each number. From the data, knots lie between values of the grid a + g i that are likelier than those around them, and
 * the slope there is how much likelier: where numbers heap (heights in tens, prices in hundreds, degrees that were Fahrenheit), z is smooth. The places of a cycle may heap in their own way.
 * Where held-out numbers do not heap, z = x. Without data slopes are random.
 *
 * Errors: `ShapeError` for examples that are no vectors, lists of another length, and places that the condition lacks; `DomainError` where no gap is above 0, and for knots that
 * are no power of two. Source: Heitjan and Rubin 1990 (heaping); Ney, Essen and Kneser 1994 (what is taken off counts).
 *
 * @param condition numbers of the condition, 0 for none
 *
 * @example
 * ```ts
 * import { piecewiseLinear } from "@flowify/core/layers";
 *
 * const layer = piecewiseLinear([3], { gaps: [1, 0, 0.25], knots: 64 });
 * console.log(layer.inShape, layer.exact);
 * // [ 3 ] true
 * ```
 */
export function piecewiseLinear(
  inShape: Shape,
  options: PiecewiseLinearOptions,
  condition = 0,
): FlowLayer<PiecewiseLinearParams> {
  const name = "piecewiseLinear";
  const { gaps, knots: K = 1024, ...own } = o.checked(name, inShape, options, schemas);
  const { origins = gaps.map(() => 0), known = gaps.map(() => -1), cycles = gaps.map(() => []) } = own;
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  for (const list of [gaps, origins, known, cycles])
    if (list.length !== n)
      throw new ShapeError(`${name}: expected a number for each of ${n} columns, got ${list.length}`);
  const columns = gaps.flatMap((gap, c) => (gap > 0 ? [c] : []));
  const M = columns.length;
  if (M === 0) throw new DomainError(`${name}: needs a gap above 0, got ${gaps.join(", ")}`);
  if (!Number.isInteger(Math.log2(K)))
    throw new DomainError(`${name}: knots must be a power of two, got ${K}`);
  if (known.some((place) => !Number.isInteger(place) || place < -1 || place >= condition))
    throw new ShapeError(`${name}: expected places of ${condition} numbers of a condition in known, or -1`);
  if (cycles.some(([first = 0, count = 0, ...more]) => first + count > condition || more.length > 0))
    throw new ShapeError(`${name}: expected cycles among ${condition} numbers of a condition`);
  const inCycle = columns.some((c) => cycles[c]!.length > 0);
  const asks = inCycle || columns.some((c) => known[c]! >= 0);
  const order = gaps.map((_, c) => (columns.includes(c) ? n + columns.indexOf(c) : c));
  const take = (x: np.Array, places: readonly number[]): np.Array =>
    np.take(x, np.array([...places], { dtype: np.int32 }), 1);

  /** The numbers of a row along the lines from one of the knots to the other, and the slopes, [B, M]. Consumes all. */
  function along(
    [from, to]: readonly [np.Array, np.Array],
    places: np.Array | undefined,
    row: np.Array,
    given?: np.Array,
  ): { row: np.Array; slope: np.Array } {
    const v = take(row.ref, columns);
    const [own, other] = [from.reshape([-1]), to.reshape([-1])];
    const all = np.arange(0, M * K, K, { dtype: np.int32 }).reshape([1, M]);
    const first = all.add(places && given ? linesAt(given.ref, places) : 0);
    let place = first.ref;
    for (let step = K / 2; step >= 1; step /= 2) {
      const below = np.take(own.ref, place.ref.add(step - 1));
      place = np.where(np.less(below, v.ref), place.ref.add(step), place);
    }
    const before = np.clip(place.sub(first.ref).sub(1), 0, K - 2).add(first);
    const next = before.ref.add(1);
    const [low, start] = [np.take(own.ref, before.ref), np.take(other.ref, before)];
    const rise = np.take(other, next.ref).sub(start.ref);
    const slope = rise.div(np.take(own, next).sub(low.ref));
    const moved = start.add(v.ref.sub(low).mul(slope.ref));
    if (!given) {
      v.dispose();
      return { row: take(np.concatenate([row, moved], 1), order), slope };
    }
    const { dtype } = row;
    const always = floats(Float32Array.from(columns, (c) => Number(known[c]! < 0))).astype(dtype);
    const said = take(
      given,
      columns.map((c) => Math.max(known[c]!, 0)),
    );
    const counts = np.greater(np.maximum(said, always), 0.5);
    return {
      slope: np.where(counts.ref, slope, np.ones([], { dtype })),
      row: take(np.concatenate([row, np.where(counts, moved, v)], 1), order),
    };
  }

  /** Where the lines of the places in cycles begin, [B, M]. Consumes both. */
  const linesAt = (given: np.Array, places: np.Array): np.Array =>
    np
      .clip(np.floor(np.matmul(given, places).add(0.5)), 0, PLACES)
      .mul(M * K)
      .astype(np.int32);

  return defineLayer<PiecewiseLinearParams>({
    name,
    inShape,
    ...(asks && { condition: [condition] }),
    parameterKinds: { x: "fixed", y: "fixed", ...(inCycle && { own: "fixed" }) },
    facts: { initExamples: START_ITEMS },
    init(key) {
      const rng = makeRng(keyBits(key));
      const some = (c: number) =>
        Array.from({ length: K - OUTER }, (_, i) => ({
          from: origins[c]! + gaps[c]! * (i - 0.5),
          times: Math.exp(rng.normal() / 2),
        }));
      const own = (c: number) => Array.from({ length: PLACES }, (_, r) => [r, some(c)] as const);
      return paramsOf(columns.map((c) => ({ others: some(c), own: new Map(own(c)) })));
    },
    forward(params, row, _noise, given) {
      const { row: z, slope } = along([params.x, params.y], params.own, row, given);
      return { z, contribution: sumExamples(log(slope)) };
    },
    inverse(params, z, _noise, given) {
      const { row, slope } = along([params.y, params.x], params.own, z, given);
      slope.dispose();
      return row;
    },
    async initFromData(key, examples) {
      key.dispose();
      const steps = columns.map((): number[] => []);
      const places = columns.map((): number[] => []);
      let example = 0;
      for await (const part of examples.parts())
        for (let at = 0; at < part.length; at += n, example++) {
          const before = examples.given?.data.subarray(example * condition, (example + 1) * condition);
          for (const [i, c] of columns.entries()) {
            const [first = 0, count = 0] = cycles[c]!;
            if (before && known[c]! >= 0 && before[known[c]!]! < 0.5) continue;
            steps[i]!.push(Math.round((part[at + c]! - origins[c]!) / gaps[c]!));
            places[i]!.push(before?.subarray(first, first + count).indexOf(1) ?? 0);
          }
        }
      return paramsOf(
        columns.map((c, i) => {
          const { others, own } = heapingByPlace(steps[i]!, places[i]!, K - OUTER, PLACES);
          const lines = [...own].map(([place, heaps]) => [place, linesOf(c, heaps)] as const);
          return { others: linesOf(c, others), own: new Map(lines) };
        }),
      );
    },
  });

  /** Pieces of a column, behind which the slope is 1. */
  function linesOf(c: number, found: Heaping | undefined): readonly Line[] {
    const at = (step: number): number => origins[c]! + gaps[c]! * (step - 0.5);
    if (!found) return [{ from: at(0), times: 1 }];
    return [
      ...found.pieces.map(({ from, times }) => ({ from: at(from), times })),
      { from: at(found.pieces.at(-1)!.to), times: 1 },
    ];
  }

  /** Lines of each column, and those of the places of its cycle that have their own. */
  function paramsOf(
    found: readonly Readonly<{ others: readonly Line[]; own: ReadonlyMap<number, readonly Line[]> }>[],
  ): PiecewiseLinearParams {
    const apart = Array.from({ length: inCycle ? PLACES : 0 }, (_, k) =>
      found.map(({ others, own }) => [...own.values()][k] ?? others),
    );
    const all = [...found.map(({ others }) => others), ...apart.flat()];
    const [x, y] = [new Float32Array(all.length * K), new Float32Array(all.length * K)];
    for (const [i, pieces] of all.entries()) {
      const [first, last] = [pieces[0]!.from, pieces.at(-1)!.from];
      const outside = Math.max(last - first, gaps[columns[i % M]!]!);
      x[i * K] = y[i * K] = first - outside;
      let height = first;
      for (let k = 1; k < K; k++) {
        const piece = pieces[k - 1];
        if (k > 1 && piece) height += pieces[k - 2]!.times * (piece.from - pieces[k - 2]!.from);
        const beyond = piece ? 0 : outside * (k - pieces.length);
        x[i * K + k] = (piece?.from ?? last) + beyond;
        y[i * K + k] = height + beyond;
      }
    }
    const own = new Float32Array(condition * M);
    for (const [i, each] of found.entries()) {
      const [first = 0, count = 0] = cycles[columns[i]!]!;
      for (const [k, place] of [...each.own.keys()].entries())
        if (place < count) own[(first + place) * M + i] = k + 1;
    }
    const knots = { x: floats(x, [all.length, K]), y: floats(y, [all.length, K]) };
    return inCycle ? { ...knots, own: floats(own, [condition, M]) } : knots;
  }
}

/** A line from `from` on, and its slope. */
type Line = Readonly<{ from: number; times: number }>;

export const piecewiseLinearKind = defineKind({
  kind: "piecewiseLinear",
  options: schemas,
  flow: (inShape, own, { condition }) => piecewiseLinear(inShape, own, condition),
});
