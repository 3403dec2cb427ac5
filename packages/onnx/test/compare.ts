import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { type DType, tree } from "@jax-js/jax";
import {
  type Fn,
  runJax as jaxResults,
  host as plain,
  spread as spreadOut,
} from "../../jax-to-onnx/test/compare.js";
import { nativeExecutor, wasmExecutor } from "../src/index.js";

const once = (open: () => Promise<Executor>): (() => Promise<Executor>) => {
  let executor: Promise<Executor> | undefined;
  return () => {
    executor ??= open();
    return executor;
  };
};

/** One executor of a kind for all tests of a file. */
export const native = once(() => nativeExecutor({ threads: 1 }));
export const wasm = once(() => wasmExecutor({ threads: 1 }));

const arrayOf = ({ data, shape, dtype }: ReturnType<typeof plain>): HostArray =>
  new HostArray(data, shape, dtype);

/** A host array from numbers. */
export const host = (values: readonly number[], shape: readonly number[], dtype: DType): HostArray =>
  arrayOf(plain(values, shape, dtype));

/** Evenly spread, irregular numbers in (−1, 1) from a counter: no two runs differ. */
export const spread = (shape: readonly number[], dtype: DType, seed = 1): HostArray =>
  arrayOf(spreadOut(shape, dtype, seed));

/** Results of `f` by jax-js, eager. */
export const runJax = (f: Fn, args: readonly HostArray[]): HostArray[] => jaxResults(f, args).map(arrayOf);

/** Results of `f` in ONNX Runtime, all arguments but the first built in, and the operations of its products. */
export async function runFixed(
  f: Fn,
  [x, ...fixed]: readonly [HostArray, ...HostArray[]],
): Promise<{ results: HostArray[]; flops: number | undefined }> {
  const specOf = ({ shape, dtype }: HostArray): ArraySpec => new ArraySpec(shape, dtype);
  const runner = await native();
  const compiled = await runner.compile(
    (all: Parameters<Fn>, example: Parameters<Fn>[number]) => f(example, ...all),
    [fixed.map(specOf), specOf(x)],
    { constant: fixed as never },
  );
  try {
    const fetched = await runner.fetch(await compiled.run([fixed, x]));
    return { results: tree.leaves(fetched as never), flops: compiled.flops };
  } finally {
    await compiled.dispose();
  }
}
