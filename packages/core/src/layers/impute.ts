import { numpy as np, tree } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import type { CalibrationData } from "../init/calibration-data.js";
import { imputation, numbersIn, startedColumns, unknownIn } from "../init/imputation.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { entryForward, entryInverseSlope } from "../math/entry-splines.js";
import * as o from "../options.js";
import { floats, fromHost } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { treeMap } from "../params/pytree.js";
import { type Shape, showShape } from "../shape.js";
import { row } from "./boxes.js";
import { defineKind } from "./kind.js";
import type { MarginalParams } from "./marginal.js";

/**
 * The splines of the numbers; mean and log-deviation of the noise [n]; what a score is expected to be: offset [n], by the
 * scores before it [n, n], by the condition [m, n]; and the log-deviation around that [n].
 */
export type ImputeParams = {
  splines: MarginalParams;
  means: np.Array;
  logStds: np.Array;
  offset: np.Array;
  before: np.Array;
  lines: np.Array;
  logSpread: np.Array;
};

const schemas = {
  /** Which numbers may be noise, counted from 0, in the order in which they are replaced. */
  numbers: o.order,
  /** For each of them the place in the condition that is 1 where it is a number, and 0 where it is noise. */
  known: o.order,
  /** The number of bins of each spline. Default 32. */
  bins: o.optional(o.size),
};
export type ImputeOptions = o.Options<typeof schemas>;

/** The range of the data goes to scores up to ± this. */
const BOUND = 3.5;

/**
 * Noise ε in place of a number becomes one that fits to the others: its score s, which has a normal distribution where
 * numbers are known, is drawn around a line in the scores before it and in the condition,
 *
 *     s = a + Σ b_j s_j + Σ c_k given_k + e^σ (ε − mean) / std,      z = the number with this score
 *
 * L = Σ log dz / dε over what is replaced. Numbers that are known stay. Without it a density has to model noise that has
 * nothing to do with the other numbers, and trends that the known ones have are lost in it.
 *
 * Exact; a bijection for every condition. All parameters stay fixed. Without data, or conditions of them, nothing is expected.
 *
 * Errors: `ShapeError` for anything but vectors, without a condition, and for lists of another length; `DomainError` for
 * places that are not there. Source: Rubin 1987, Multiple Imputation for Nonresponse in Surveys.
 *
 * @param condition numbers of the condition
 *
 * @example
 * ```ts
 * import { impute } from "@flowify/core/layers";
 *
 * const layer = impute([3], 2, { numbers: [2], known: [0] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3 ] [ 3 ] true
 * ```
 */
export function impute(inShape: Shape, condition: number, options: ImputeOptions): FlowLayer<ImputeParams> {
  const name = "impute";
  const { numbers, known, bins = 32 } = o.checked(name, inShape, options, schemas);
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  if (condition < 1) throw new ShapeError(`${name}: needs a condition that says which numbers are noise`);
  if (known.length !== numbers.length)
    throw new ShapeError(`${name}: expected ${numbers.length} places in known, got ${known.length}`);
  if (numbers.some((i) => i >= n) || known.some((k) => k >= condition))
    throw new DomainError(
      `${name}: a place is not among ${n} numbers, or not among ${condition} of the condition`,
    );
  /** Scores of numbers, [B, n]. Consumes all. */
  const scoresOf = ({ low, logRange, ...splines }: MarginalParams, x: np.Array): np.Array => {
    const u = x.sub(low).mul(np.exp(logRange.neg()));
    const { z, logDerivative } = entryForward(splines, u, inShape);
    logDerivative.dispose();
    return z.mul(2 * BOUND).sub(BOUND);
  };
  /** Numbers with these scores, and log d score / d number, [B, n]. Consumes all. */
  const numbersOf = (
    { low, logRange, ...splines }: MarginalParams,
    z: np.Array,
  ): { x: np.Array; logSlope: np.Array } => {
    const { x, logDerivative } = entryInverseSlope(splines, z.add(BOUND).mul(1 / (2 * BOUND)), inShape);
    return {
      x: x.mul(np.exp(logRange.ref)).add(low),
      logSlope: logDerivative.add(Math.log(2 * BOUND)).sub(logRange),
    };
  };
  /** 1 where a number is noise, [B, n]. */
  const replacedIn = (given: np.Array): np.Array => {
    const { dtype } = given;
    const places = new Float32Array(condition * n);
    for (const [j, i] of numbers.entries()) places[known[j]! * n + i] = 1;
    const may = row(
      Array.from({ length: n }, (_, i) => Number(numbers.includes(i))),
      dtype,
    );
    return may.sub(np.matmul(given, floats(places, [condition, n]).astype(dtype)));
  };
  /** Of the lines between scores those from what is known or replaced before, [n, n]. Consumes them. */
  const earlier = (before: np.Array): np.Array => {
    const place = (i: number): number => numbers.indexOf(i);
    const holds = Array.from({ length: n * n }, (_, at) => {
      const [j, i] = [Math.floor(at / n), at % n];
      return Number(place(i) >= 0 && place(j) < place(i));
    });
    return before.mul(floats(Float32Array.from(holds), [n, n]).astype(before.dtype));
  };
  return defineLayer<ImputeParams>({
    name,
    inShape,
    condition: [condition],
    parameterKinds: "fixed",
    init: withoutKey(() => startOf(n, condition, bins)),
    forward(params, x, _noise, given) {
      const { dtype } = x;
      const { means, logStds, offset, lines, logSpread } = params;
      const before = earlier(params.before);
      const replaced = replacedIn((given as np.Array).ref);
      const drawn = x.ref.sub(means).mul(np.exp(logSpread.ref.sub(logStds.ref)));
      const moved = np
        .matmul(given as np.Array, lines)
        .add(offset)
        .add(drawn); // [B, n]
      let z = scoresOf(tree.ref(params.splines), x.ref).mul(np.subtract(1, replaced.ref));
      for (const i of numbers) {
        const at = (a: np.Array): np.Array => a.slice([], [i, i + 1]);
        const score = at(moved.ref).add(np.matmul(z.ref, at(before.ref)));
        const here = row(
          Array.from({ length: n }, (_, j) => Number(j === i)),
          dtype,
        );
        z = z.add(score.mul(at(replaced.ref)).mul(here));
      }
      moved.dispose();
      before.dispose();
      const { x: others, logSlope } = numbersOf(params.splines, z);
      const y = np.where(np.greater(replaced.ref, 0.5), others, x);
      const logs = logSpread.sub(logStds).sub(logSlope);
      return { z: y, contribution: np.sum(logs.mul(replaced), 1) };
    },
    inverse(params, y, _noise, given) {
      const { splines, means, logStds, offset, lines, logSpread } = params;
      const replaced = replacedIn((given as np.Array).ref);
      const z = scoresOf(splines, y.ref);
      const expected = np
        .matmul(z.ref, earlier(params.before))
        .add(np.matmul(given as np.Array, lines))
        .add(offset);
      const noise = z
        .sub(expected)
        .mul(np.exp(logStds.sub(logSpread)))
        .add(means);
      return np.where(np.greater(replaced, 0.5), noise, y);
    },
    async initFromData(key, examples) {
      // what follows has been trained on these
      if (examples.known) {
        key.dispose();
        return treeMap(fromHost, examples.known as never) as ImputeParams;
      }
      if (!examples.given) {
        key.dispose();
        return startOf(n, condition, bins);
      }
      return started(key, examples, examples.given);
    },
  });

  /** Splines of the numbers that are known, and lines between their scores. Consumes the key. */
  async function started(key: np.Array, examples: CalibrationData, given: HostArray): Promise<ImputeParams> {
    key.dispose();
    const rows = await numbersIn(examples, n);
    const unknown = unknownIn(given, n, { numbers, known });
    const columns = startedColumns({ scores: rows, unknown, n }, bins, BOUND);
    const each = (of: (column: (typeof columns)[number]) => number): Float32Array =>
      Float32Array.from(columns, of);
    const splines = (): MarginalParams => ({
      low: floats(each(({ range }) => range.low)),
      logRange: floats(each(({ range }) => Math.log(range.length))),
      widths: floats(Float32Array.from(columns.flatMap(({ spline }) => spline.widths)), [n, bins]),
      heights: floats(Float32Array.from(columns.flatMap(({ spline }) => spline.heights)), [n, bins]),
      logDerivatives: floats(Float32Array.from(columns.flatMap(({ spline }) => spline.logDerivatives)), [
        n,
        bins - 1,
      ]),
    });
    const own = splines();
    const scores = await numbersIn(
      examples.map([n], (x) => scoresOf(tree.ref(own), x)),
      n,
    );
    tree.dispose(own);
    for (const [at, isUnknown] of unknown.entries()) {
      const { mean, std } = columns[at % n]!;
      if (isUnknown) scores[at] = (rows[at]! - mean) / std;
    }
    const { offset, before, lines, logSpread } = imputation({ scores, unknown, n }, given, numbers);
    return {
      splines: splines(),
      means: floats(each(({ mean }) => mean)),
      logStds: floats(each(({ std }) => Math.log(std))),
      offset: floats(offset),
      before: floats(before, [n, n]),
      lines: floats(lines, [condition, n]),
      logSpread: floats(logSpread),
    };
  }
}

/** Nothing is expected: noise stays standard normal, and numbers within ± 3.5 are their own scores. */
function startOf(n: number, condition: number, bins: number): ImputeParams {
  return {
    splines: {
      low: np.full([n], -BOUND),
      logRange: np.full([n], Math.log(2 * BOUND)),
      widths: np.zeros([n, bins]),
      heights: np.zeros([n, bins]),
      logDerivatives: np.zeros([n, bins - 1]),
    },
    means: np.zeros([n]),
    logStds: np.zeros([n]),
    offset: np.zeros([n]),
    before: np.zeros([n, n]),
    lines: np.zeros([condition, n]),
    logSpread: np.zeros([n]),
  };
}

export const imputeKind = defineKind({
  kind: "impute",
  options: schemas,
  flow: (inShape, own, { condition = 0 }) => impute(inShape, condition, own),
});
