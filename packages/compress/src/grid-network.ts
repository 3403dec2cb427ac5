import { HostArray } from "@flowify/core";
import type { StepNetwork } from "@flowify/core/layer";
import { fromHost } from "@flowify/core/layer";
import { jit, numpy as np, tree } from "@jax-js/jax";
import { toFloats } from "./grid.js";

/** What networks inside of layers compute, on one engine for both sides: jax-js in WebAssembly, float32, one example at a time. */
export const ENGINE = "wasm";

/** The numbers of a jax array; consumes it. */
export async function numbers(array: np.Array): Promise<Float64Array> {
  return Float64Array.from((await array.data()) as Float32Array);
}

/** A function of one example, compiled. */
export type GridNetwork = Readonly<{
  /** Numbers on the grid, in the shape of the context. */
  run(context: Float64Array): Promise<Float64Array[]>;
  dispose(): void;
}>;

/**
 * Compiles a network, whose parameters it consumes.
 *
 * @param convert how grid numbers become the network's; default: multiples of the unit
 */
export function gridNetwork(
  { params, shape, run }: StepNetwork,
  convert: (grid: ArrayLike<number>) => Float32Array = toFloats,
): GridNetwork {
  const compiled = jit(run as never) as unknown as StepNetwork["run"] & { dispose(): void };
  return {
    async run(context) {
      const input = fromHost(new HostArray(convert(context), [1, ...shape], np.float32), ENGINE);
      const outputs = compiled(tree.ref(params), input);
      const found: Float64Array[] = [];
      for (const output of outputs) found.push(await numbers(output));
      return found;
    },
    dispose() {
      tree.dispose(params);
      compiled.dispose();
    },
  };
}
