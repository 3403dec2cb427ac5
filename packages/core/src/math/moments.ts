import { numpy as np } from "@jax-js/jax";
import type { StartItems } from "../start-items.js";
import { floats } from "./host.js";
import type { HostMatrix } from "./linalg.js";

/**
 * Mean [n] and covariance [n, n] of rows [n]. The products are float32, of rows with the first part's
 * mean taken out; their sums are float64.
 */
export async function rowMoments(rows: StartItems): Promise<{ mean: Float64Array; covariance: HostMatrix }> {
  const n = rows.shape[0] as number;
  const [sum, product] = [new Float64Array(n), new Float64Array(n * n)];
  let origin: Float32Array | undefined;
  for await (const part of rows.parts()) {
    origin ??= (await np.mean(part.ref, 0).data()) as Float32Array;
    const centred = part.sub(floats(origin));
    const sums = await np.sum(centred.ref, 0).data();
    const products = await np.matmul(np.transpose(centred.ref), centred).data(); // [n, n]
    for (let i = 0; i < n; i++) sum[i]! += sums[i] as number;
    for (let i = 0; i < n * n; i++) product[i]! += products[i] as number;
  }
  const { count } = rows;
  const shift = sum.map((s) => s / count); // the mean less the origin
  const data = product.map(
    (s, k) => s / count - (shift[Math.floor(k / n)] as number) * (shift[k % n] as number),
  );
  return {
    mean: shift.map((s, i) => s + (origin?.[i] ?? 0)),
    covariance: { rows: n, columns: n, data },
  };
}

const LEAST_VARIANCE = 1e-12;

/** Mean and log of the standard deviation of every column of rows [n], in float64. */
export async function columnMoments(rows: StartItems): Promise<{ mean: Float32Array; logStd: Float32Array }> {
  const n = rows.shape[0] as number;
  const [mean, square] = [new Float64Array(n), new Float64Array(n)]; // of the rows so far; sum of squares around it
  let seen = 0;
  for await (const part of rows.parts()) {
    const data = (await part.data()) as Float32Array;
    const count = data.length / n;
    for (let j = 0; j < n; j++) {
      let own = 0;
      for (let i = 0; i < count; i++) own += (data[i * n + j] as number) / count;
      let spread = 0;
      for (let i = 0; i < count; i++) spread += ((data[i * n + j] as number) - own) ** 2;
      // Chan, Golub and LeVeque 1983: moments of two samples joined
      const gap = own - (mean[j] as number);
      square[j]! += spread + gap * gap * ((seen * count) / (seen + count));
      mean[j]! += (gap * count) / (seen + count);
    }
    seen += count;
  }
  const variance = square.map((s) => s / seen);
  // one that never varies among others gets the smallest spread that float32 can carry through an
  // exponential; where none varies (one item, constant data) nothing is known of a scale: 1
  const floor = variance.every((v) => v < LEAST_VARIANCE) ? 1 : LEAST_VARIANCE;
  return {
    mean: Float32Array.from(mean),
    logStd: Float32Array.from(variance, (v) => 0.5 * Math.log(Math.max(v, floor))),
  };
}
