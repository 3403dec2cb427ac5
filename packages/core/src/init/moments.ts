import { numpy as np } from "@jax-js/jax";
import type { HostMatrix } from "../math/linalg.js";
import { floats } from "../params/host.js";
import { countOf } from "../shape.js";
import type { CalibrationData } from "./calibration-data.js";

/**
 * Mean [n] and covariance [n, n] of rows [n]. Products of centred rows are float32; the sums over the parts are
 * float64.
 */
export async function rowMoments(
  rows: CalibrationData,
): Promise<{ mean: Float64Array; covariance: HostMatrix }> {
  const { n, shift, mean, products } = await centred(rows, (own) => np.matmul(np.transpose(own.ref), own));
  const data = products.map((s, k) => s - (shift[Math.floor(k / n)] as number) * (shift[k % n] as number));
  return { mean, covariance: { rows: n, columns: n, data } };
}

const LEAST_VARIANCE = 1e-12;

/** Mean and log of the standard deviation of every column of rows [n]. */
export async function columnMoments(
  rows: CalibrationData,
): Promise<{ mean: Float32Array; logStd: Float32Array }> {
  const { mean, variance } = await meanAndVariance(rows);
  // a constant column among others gets the smallest spread that float32 can carry through an exponential; if all are
  // constant (one example, constant data) the scale is unknown: 1
  const floor = variance.every((v) => v < LEAST_VARIANCE) ? 1 : LEAST_VARIANCE;
  return { mean, logStd: Float32Array.from(variance, (v) => 0.5 * Math.log(Math.max(v, floor))) };
}

/** Least spread of a column relative to its size that is more than the rounding errors of a constant. */
const ROUNDING = 1e-6;

/** Mean and standard deviation of every column of rows [n]: 1 for a constant column. */
export async function columnScales(
  rows: CalibrationData,
): Promise<{ mean: Float32Array; std: Float32Array }> {
  const { mean, variance } = await meanAndVariance(rows);
  const std = Float32Array.from(variance, (v, i) => {
    const spread = Math.sqrt(Math.max(v, 0));
    return spread > ROUNDING * Math.abs(mean[i] as number) ? spread : 1;
  });
  return { mean, std };
}

async function meanAndVariance(
  rows: CalibrationData,
): Promise<{ mean: Float32Array; variance: Float64Array }> {
  const { shift, mean, products } = await centred(rows, (own) => np.sum(np.square(own), 0).reshape([1, -1]));
  const variance = products.map((s, i) => s - (shift[i] as number) ** 2);
  return { mean: Float32Array.from(mean), variance };
}

/** The mean of rows [n], that of the centred rows (a rounding error), and the sums of their products, by the number of rows. */
async function centred(rows: CalibrationData, productsOf: (own: np.Array) => np.Array) {
  const n = countOf(rows);
  const origin = Float32Array.from(await rows.sum((part) => np.sum(part, 0)), (s) => s / rows.count);
  const centre = floats(origin);
  const sums = await rows.sum((part) => {
    const own = part.sub(centre.ref);
    return np.concatenate([np.sum(own.ref, 0).reshape([1, n]), productsOf(own)], 0);
  });
  centre.dispose();
  const means = sums.map((s) => s / rows.count);
  const shift = means.subarray(0, n);
  return { n, shift, mean: shift.map((s, i) => s + (origin[i] as number)), products: means.subarray(n) };
}
