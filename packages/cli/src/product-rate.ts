import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";

/** Rows and columns of the matrices. */
export const PRODUCT = 512;
const TIMES = 7;

/** A float32 product of square matrices on an executor, compiled once. */
export async function squareProduct(executor: Executor, size: number) {
  const spec = new ArraySpec([size, size], np.float32);
  const product = await executor.compile((a: np.Array, b: np.Array) => np.matmul(a, b), [spec, spec], {
    name: "g",
  });
  const random = (seed: number): HostArray => {
    const data = new Float32Array(size * size);
    makeRng(seed).fillNormal(data);
    return new HostArray(data, [size, size], np.float32);
  };
  const [a, b] = [await executor.place(random(1)), await executor.place(random(2))];
  let into = await product.run([a, b]);
  return {
    flops: 2 * size ** 3,
    /** Milliseconds of one product. */
    async time(): Promise<number> {
      const started = performance.now();
      into = await product.run([a, b], { into });
      return performance.now() - started;
    },
    async dispose(): Promise<void> {
      for (const each of [a, b, into]) executor.release(each);
      await product.dispose();
    },
  };
}

/** Gigaflops of a matrix product: the best of a few runs. */
export async function productRate(executor: Executor): Promise<number> {
  const product = await squareProduct(executor, PRODUCT);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TIMES; i++) best = Math.min(best, await product.time());
  await product.dispose();
  return product.flops / best / 1e6;
}
