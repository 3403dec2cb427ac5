import { numpy as np } from "@jax-js/jax";
import type { HostMatrix } from "../math/linalg.js";
import { floats } from "../params/host.js";
import type { CalibrationData } from "./calibration-data.js";

/**
 * Mean [n] and covariance [n, n] of rows [n]. Products are float32, of rows with the mean taken out;
 * what the parts add up to is float64.
 */
export async function rowMoments(
  rows: CalibrationData,
): Promise<{ mean: Float64Array; covariance: HostMatrix }> {
  const n = rows.shape[0] as number;
  const origin = await meanOf(rows);
  const centre = floats(origin);
  const sums = await rows.sum((part) => {
    const centred = part.sub(centre.ref);
    const product = np.matmul(np.transpose(centred.ref), centred.ref); // [n, n]
    return np.concatenate([np.sum(centred, 0).reshape([1, n]), product], 0);
  });
  centre.dispose();
  const [first, product] = [sums.subarray(0, n), sums.subarray(n)];
  const shift = first.map((s) => s / rows.count); // what rounding left of the mean
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
  // one that never varies among others gets the smallest spread that float32 can carry through an
  // exponential; where none varies (one example, constant data) nothing is known of a scale: 1
  const floor = variance.every((v) => v < LEAST_VARIANCE) ? 1 : LEAST_VARIANCE;
  return { mean, logStd: Float32Array.from(variance, (v) => 0.5 * Math.log(Math.max(v, floor))) };
}

/** The part of its own size that a column's spread must have to be more than what rounding made of a constant. */
const ROUNDING = 1e-6;

/** Mean and standard deviation of every column of rows [n]: 1 for one that never varies. */
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
  const n = rows.shape[0] as number;
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
