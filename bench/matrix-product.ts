import os from "node:os";
import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { quantile } from "../packages/cli/src/statistics.js";

const SIZE = 1024;

const threadsOf = (threads: number | undefined): string =>
  threads === undefined ? "" : `, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** The machine of a measurement, and the threads that it used, if they were chosen. */
export const machine = (threads?: number): string =>
  `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores, Node ${process.version}${threadsOf(threads)}`;

export const median = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.5);

/** g, the unit of every timing: the 1024³ float32 product on an executor, compiled once. */
export async function matrixProduct(executor: Executor) {
  const spec = new ArraySpec([SIZE, SIZE], np.float32);
  const product = await executor.compile((a: np.Array, b: np.Array) => np.matmul(a, b), [spec, spec], {
    name: "g",
  });
  const random = (seed: number): HostArray => {
    const data = new Float32Array(SIZE * SIZE);
    makeRng(seed).fillNormal(data);
    return new HostArray(data, [SIZE, SIZE], np.float32);
  };
  const [a, b] = [await executor.place(random(1)), await executor.place(random(2))];
  let into = await product.run([a, b]);
  return {
    flops: 2 * SIZE ** 3,
    /** Milliseconds of one product. */
    async time(): Promise<number> {
      const started = performance.now();
      into = await product.run([a, b], { into });
      return performance.now() - started;
    },
    async dispose(): Promise<void> {
      for (const tree of [a, b, into]) executor.release(tree);
      await product.dispose();
    },
  };
}
