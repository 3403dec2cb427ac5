import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";

/** Rows and columns of the matrices. */
export const PRODUCT = 512;
const TIMES = 7;

/** Gigaflops of a matrix product: the best of a few runs. */
export async function productRate(executor: Executor): Promise<number> {
  const spec = new ArraySpec([PRODUCT, PRODUCT], np.float32);
  const product = await executor.compile((a: np.Array, b: np.Array) => np.matmul(a, b), [spec, spec]);
  const data = new Float32Array(PRODUCT * PRODUCT);
  makeRng(1).fillNormal(data);
  const matrix = await executor.place(new HostArray(data, [PRODUCT, PRODUCT], np.float32));
  let into = await product.run([matrix, matrix]);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TIMES; i++) {
    const started = performance.now();
    into = await product.run([matrix, matrix], { into });
    best = Math.min(best, performance.now() - started);
  }
  for (const each of [matrix, into]) executor.release(each);
  await product.dispose();
  return (2 * PRODUCT ** 3) / best / 1e6;
}
