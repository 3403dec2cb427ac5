import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { rowsOf } from "../init/calibration-data.js";
import { columnScales } from "../init/moments.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { sumExamples } from "../math/numerics.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, type Shape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";
import { bentNoise, HALF, numbersPerSpline, unitSplines } from "./unit-splines.js";

/** Mean and standard deviation of each column [n], fixed, and the network that looks at the row. */
export type DequantizeColumnsParams = { mean: np.Array; std: np.Array; network: DenseParams[] };

const schemas = {
  /** g, the step between the values of each column; 0 for a column that passes as it is. */
  gaps: o.listOf(o.number, 1),
  /** a, a value of each column. Default 0. */
  origins: o.optional(o.listOf(o.number, 1)),
  /** K, bins of the splines. Default 5. */
  bins: o.optional(o.bins),
  /** Width of the network that looks at the row. Default 32. */
  hidden: o.optional(o.size),
};
export type DequantizeColumnsOptions = o.Options<typeof schemas>;

/**
 * For each column c with a gap g > 0: x_c is rounded to k = a + g ⌊(x_c − a) / g + ½⌋, the next value of the grid, and
 * z_c = k + g (u − ½) with u = s_c(ε_c; θ(k)), ε ~ U[0, 1). Every such column has a monotone spline of [0, 1) onto itself,
 * which a network of the whole rounded row decides on. L = Σ log (g s_c′(ε_c)); other columns pass as they are.
 *
 * A bound in expectation over ε on log P(k), with a density for the columns that pass. It starts as uniform noise. Noise that x carries already, up to half a gap, is taken away first. Inverse: the next value of the grid.
 *
 * Errors: `ShapeError` for examples that are no vectors, and lists of another length; `DomainError` for gaps below 0, no
 * gap above 0, and bins outside 2..500.
 * Source: Ho et al. 2019 (arXiv:1902.00275), section 3.1; splines of Durkan et al. 2019 as q(u | x).
 *
 * @example
 * ```ts
 * import { dequantizeColumns } from "@flowify/core/layers";
 *
 * const layer = dequantizeColumns([3], { gaps: [1, 0, 0.25] });
 * console.log(layer.inShape, layer.exact);
 * // [ 3 ] false
 * ```
 */
export function dequantizeColumns(
  inShape: Shape,
  options: DequantizeColumnsOptions,
): FlowLayer<DequantizeColumnsParams> {
  const name = "dequantizeColumns";
  const { gaps, bins = 5, hidden = 32, ...own } = o.checked(name, inShape, options, schemas);
  const { origins = gaps.map(() => 0) } = own;
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  if (gaps.length !== n || origins.length !== n)
    throw new ShapeError(`${name}: expected ${n} gaps and origins, got ${gaps.length} and ${origins.length}`);
  if (gaps.some((gap) => !(gap >= 0)) || !gaps.some((gap) => gap > 0))
    throw new DomainError(`${name}: gaps must be at least 0, and one above 0, got ${gaps.join(", ")}`);
  const noisy = gaps.flatMap((gap, c) => (gap > 0 ? [c] : []));
  const each = numbersPerSpline(bins);
  const logGaps = noisy.reduce((sum, c) => sum + Math.log(gaps[c] as number), 0);
  const conditioner = mlp([n, hidden, hidden, noisy.length * each]);
  const row = (values: readonly number[], dtype: np.DType): np.Array =>
    floats(Float32Array.from(values)).astype(dtype);
  /** The values of the grid, [B, n]; columns without one as they are. */
  const rounded = (x: np.Array): np.Array => {
    const steps = row(
      gaps.map((gap) => gap || 1),
      x.dtype,
    );
    const zero = row(origins, x.dtype);
    const k = np.floor(x.ref.sub(zero.ref).div(steps.ref).add(HALF)).mul(steps).add(zero);
    const onGrid = row(
      gaps.map((gap) => Number(gap > 0)),
      x.dtype,
    );
    return np.where(np.greater(onGrid, 0), k, x);
  };
  /** B · noisy splines, which a row decides on. */
  const splines = (params: DenseParams[], x: np.Array) => {
    const batch = countOf(x);
    const grid = conditioner.apply(params, x).reshape([batch, noisy.length, each]);
    return unitSplines(np.transpose(grid, [2, 0, 1]).reshape([each, -1]), bins);
  };
  return defineLayer<DequantizeColumnsParams>({
    name,
    inShape,
    forwardNoise: { u: { shape: [noisy.length], distribution: "uniform" } },
    parameterKinds: { mean: "fixed", std: "fixed" },
    init: (key) => ({
      mean: np.zeros([n]),
      std: np.ones([n]),
      network: conditioner.init(key, { lastZero: true }),
    }),
    forward({ mean, std, network }, x, noise: { u: np.Array }) {
      const batch = countOf(x);
      const k = rounded(x);
      const bent = splines(network, k.ref.sub(mean).div(std));
      const { u, logDerivative } = bentNoise(noise.u, bent);
      // [B, noisy] -> [B, n]: each column of noise to its place, in the unit of the column
      const places = new Float32Array(noisy.length * n);
      noisy.forEach((c, i) => {
        places[i * n + c] = gaps[c] as number;
      });
      const spread = np.matmul(
        u.sub(HALF).reshape([batch, noisy.length]),
        floats(places, [noisy.length, n]).astype(k.dtype),
      );
      return {
        z: k.add(spread),
        contribution: sumExamples(logDerivative.reshape([batch, noisy.length])).add(logGaps),
      };
    },
    inverse({ mean, std, network }, z) {
      for (const unused of [mean, std, ...network.flatMap(({ weight, bias }) => [weight, bias])])
        unused.dispose();
      return rounded(z);
    },
    async initFromData(key, examples) {
      const { mean, std } = await columnScales(rowsOf(examples, (x) => x.reshape([-1, n]), n));
      return {
        mean: floats(mean),
        std: floats(std),
        network: conditioner.init(key, { lastZero: true }),
      };
    },
  });
}

export const dequantizeColumnsKind = defineKind({
  kind: "dequantizeColumns",
  options: schemas,
  flow: dequantizeColumns,
});
