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
  const n = countOf(rows);
  const origin = await meanOf(rows);
  const centre = floats(origin);
  const sums = await rows.sum((part) => {
    const centred = part.sub(centre.ref);
    const product = np.matmul(np.transpose(centred.ref), centred.ref); // [n, n]
    return np.concatenate([np.sum(centred, 0).reshape([1, n]), product], 0);
  });
  centre.dispose();
  const [first, product] = [sums.subarray(0, n), sums.subarray(n)];
  const shift = first.map((s) => s / rows.count); // removes the rounding error of the mean
  const data = product.map(
    (s, k) => s / rows.count - (shift[Math.floor(k / n)] as number) * (shift[k % n] as number),
  );
  return {
    mean: shift.map((s, i) => s + (origin[i] as number)),
    covariance: { rows: n, columns: n, data },
  };
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
  const n = countOf(rows);
  const origin = await meanOf(rows);
  const centre = floats(origin);
  const sums = await rows.sum((part) => {
    const centred = part.sub(centre.ref);
    return np.stack([np.sum(centred.ref, 0), np.sum(np.square(centred), 0)]);
  });
  centre.dispose();
  const shift = sums.subarray(0, n).map((s) => s / rows.count);
  return {
    mean: origin.map((m, i) => m + (shift[i] as number)),
    variance: sums.subarray(n).map((s, i) => s / rows.count - (shift[i] as number) ** 2),
  };
}

async function meanOf(rows: CalibrationData): Promise<Float32Array> {
  const sums = await rows.sum((part) => np.sum(part, 0));
  return Float32Array.from(sums, (s) => s / rows.count);
}
