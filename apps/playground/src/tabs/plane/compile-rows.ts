import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { mapNoise, type NoiseOf, type NoiseSpec } from "@flowify/core/layer";
import { type JsTree, numpy as np, tree } from "@jax-js/jax";

/** A compiled function of (params, x, noise) for a fixed number of rows. */
export type RowsFunction = Readonly<{
  /** One call; `x` is [rows, …shape], the result in the tree of the function, on the host. */
  run(params: JsTree<object>, x: Float32Array, noise: NoiseOf<HostArray>): Promise<JsTree<HostArray>>;
  rows: number;
  dispose(): Promise<void>;
}>;

const mapTree = tree.map as unknown as <T, U>(f: (leaf: T) => U, t: JsTree<T>) => JsTree<U>;

/** The shapes of a tree of parameters. */
export const specsOf = (params: JsTree<HostArray>): JsTree<ArraySpec> =>
  mapTree(({ shape, dtype }: HostArray) => new ArraySpec(shape, dtype), params);

/** Compiles `f` for `rows` rows of `shape`. */
export async function compileRows(
  executor: Executor,
  f: (params: never, x: np.Array, noise: never) => JsTree<np.Array>,
  {
    params,
    rows,
    shape,
    noise,
  }: { params: JsTree<ArraySpec>; rows: number; shape: readonly number[]; noise: NoiseSpec },
): Promise<RowsFunction> {
  const compiled: Compiled = await executor.compile(f, [
    params,
    new ArraySpec([rows, ...shape], np.float32),
    mapNoise<ArraySpec>(noise, (one) => new ArraySpec([rows, ...one.shape], np.float32)),
  ]);
  return {
    rows,
    async run(values, x, drawn) {
      const out = await compiled.run([values, new HostArray(x, [rows, ...shape], np.float32), drawn]);
      try {
        return await executor.fetch(out);
      } finally {
        executor.release(out);
      }
    },
    dispose: () => compiled.dispose(),
  };
}
