import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { heaping } from "../init/heaping.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { keyBits } from "../math/keys.js";
import { sumExamples } from "../math/numerics.js";
import { makeRng } from "../math/rng.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { type Shape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";

/** Knots (x, y) of the lines of the M columns that have a grid, [M, K] each, rising, fixed. */
export type PiecewiseLinearParams = { x: np.Array; y: np.Array };

const schemas = {
  /** g, the step between the values of each column; 0 for a column that passes as it is. */
  gaps: o.listOf(o.notNegative, 1),
  /** a, a value of each column. Default 0. */
  origins: o.optional(o.listOf(o.number, 1)),
  /** Of each column the place in the condition that is 1 where its number counts, and 0 where it passes as it is; −1: it always counts. Default. */
  known: o.optional(o.listOf(o.number, 1)),
  /** K, knots of a column, a power of two. Default 1024. */
  knots: o.optional(o.integer(8, 4096)),
};
export type PiecewiseLinearOptions = o.Options<typeof schemas>;

/** Examples that values are counted in. */
const START_ITEMS = 20_000;

/** Knots that are not those between pieces: one before, and one or more behind them, where the line has the slope 1. */
const OUTER = 3;

/**
 * z_c = y_k + (x_c − x_k) s_k with s_k = (y_{k+1} − y_k) / (x_{k+1} − x_k), x_k the last knot below x_c: a line between knots, with the
 * slope 1 beyond them. L = Σ log s_k over the columns with a gap.
 *
 * Exact, a bijection of each number. From the data, knots lie between values of the grid a + g i that are likelier than those around them, and
 * the slope there is how much likelier: where numbers heap (heights in tens, prices in hundreds, degrees that were Fahrenheit), z is smooth.
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
  const { origins = gaps.map(() => 0), known = gaps.map(() => -1) } = own;
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  for (const list of [gaps, origins, known])
    if (list.length !== n)
      throw new ShapeError(`${name}: expected a number for each of ${n} columns, got ${list.length}`);
  const columns = gaps.flatMap((gap, c) => (gap > 0 ? [c] : []));
  const M = columns.length;
  if (M === 0) throw new DomainError(`${name}: needs a gap above 0, got ${gaps.join(", ")}`);
  if (!Number.isInteger(Math.log2(K)))
    throw new DomainError(`${name}: knots must be a power of two, got ${K}`);
  if (known.some((place) => !Number.isInteger(place) || place < -1 || place >= condition))
    throw new ShapeError(`${name}: expected places of ${condition} numbers of a condition in known, or -1`);
  const asks = columns.some((c) => known[c]! >= 0);
  const order = gaps.map((_, c) => (columns.includes(c) ? n + columns.indexOf(c) : c));
  const take = (x: np.Array, places: readonly number[]): np.Array =>
    np.take(x, np.array([...places], { dtype: np.int32 }), 1);

  /** The numbers of a row along the lines from one of the knots to the other, and the slopes, [B, M]. Consumes all. */
  function along(
    [from, to]: readonly [np.Array, np.Array],
    row: np.Array,
    given?: np.Array,
  ): { row: np.Array; slope: np.Array } {
    const v = take(row.ref, columns);
    const [own, other] = [from.reshape([-1]), to.reshape([-1])];
    const first = np.arange(0, M * K, K, { dtype: np.int32 }).reshape([1, M]);
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

  return defineLayer<PiecewiseLinearParams>({
    name,
    inShape,
    ...(asks && { condition: [condition] }),
    parameterKinds: { x: "fixed", y: "fixed" },
    facts: { initExamples: START_ITEMS },
    init(key) {
      const rng = makeRng(keyBits(key));
      return knotsOf((c) =>
        Array.from({ length: K - OUTER }, (_, i) => ({
          from: origins[c]! + gaps[c]! * (i - 0.5),
          times: Math.exp(rng.normal() / 2),
        })),
      );
    },
    forward({ x, y }, row, _noise, given) {
      const { row: z, slope } = along([x, y], row, given);
      return { z, contribution: sumExamples(np.log(slope)) };
    },
    inverse({ x, y }, z, _noise, given) {
      const { row, slope } = along([y, x], z, given);
      slope.dispose();
      return row;
    },
    async initFromData(key, examples) {
      key.dispose();
      const steps = columns.map((): number[] => []);
      let example = 0;
      for await (const part of examples.parts())
        for (let at = 0; at < part.length; at += n, example++)
          for (const [i, c] of columns.entries()) {
            const place = known[c]!;
            if (place >= 0 && examples.given && examples.given.data[example * condition + place]! < 0.5)
              continue;
            steps[i]!.push(Math.round((part[at + c]! - origins[c]!) / gaps[c]!));
          }
      return knotsOf((c, i) => {
        const found = heaping(steps[i]!, K - OUTER)?.pieces;
        const at = (step: number): number => origins[c]! + gaps[c]! * (step - 0.5);
        if (!found) return [{ from: at(0), times: 1 }];
        return [
          ...found.map(({ from, times }) => ({ from: at(from), times })),
          { from: at(found.at(-1)!.to), times: 1 },
        ];
      });
    },
  });

  /** Knots where pieces begin, the last of which is that of the slope 1 behind them. */
  function knotsOf(
    piecesOf: (column: number, place: number) => readonly Readonly<{ from: number; times: number }>[],
  ): PiecewiseLinearParams {
    const [x, y] = [new Float32Array(M * K), new Float32Array(M * K)];
    for (const [i, c] of columns.entries()) {
      const pieces = piecesOf(c, i);
      const first = pieces[0]!.from;
      const outside = Math.max(pieces.at(-1)!.from - first, gaps[c]!);
      x[i * K] = y[i * K] = first - outside;
      let height = first;
      for (let k = 1; k < K; k++) {
        const piece = pieces[k - 1];
        const last = pieces.at(-1)!.from;
        if (k > 1 && piece) height += pieces[k - 2]!.times * (piece.from - pieces[k - 2]!.from);
        const beyond = piece ? 0 : outside * (k - pieces.length);
        x[i * K + k] = (piece?.from ?? last) + beyond;
        y[i * K + k] = height + beyond;
      }
    }
    return { x: floats(x, [M, K]), y: floats(y, [M, K]) };
  }
}

export const piecewiseLinearKind = defineKind({
  kind: "piecewiseLinear",
  options: schemas,
  flow: (inShape, own, { condition }) => piecewiseLinear(inShape, own, condition),
});
