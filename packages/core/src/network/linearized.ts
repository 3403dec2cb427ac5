import { jvp, numpy as np, vjp } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor, HostArray } from "../executor.js";
import { sizeOf } from "../layer.js";
import { evaluate, outShape } from "./evaluate.js";
import type { OrdinaryNetwork } from "./ordinary.js";

/**
 * f(x) of a batch, one after the other, and its Jacobian: `slopes[i]` is ∂f_i/∂x of all items, or, where f(x)
 * is longer than x, ∂f/∂x_i.
 */
type Linearized = Readonly<{ y: Float32Array; slopes: readonly Float32Array[] }>;

/** A network whose values and Jacobians an executor computes, compiled once for each size of batch. */
export type LinearizedNetwork = Readonly<{
  inSize: number;
  outSize: number;
  /** `wantsSlopes` says of f(x) whether the Jacobian is asked for; else there are none. */
  at(x: Float32Array, wantsSlopes: (y: Float32Array) => boolean): Promise<Linearized>;
  dispose(): Promise<void>;
}>;

/** @throws UnsupportedOpError, ShapeError as `evaluate` does */
export function linearized(network: OrdinaryNetwork, executor: Executor): LinearizedNetwork {
  const inSize = sizeOf(network.inShape);
  const outSize = sizeOf(outShape(network.layers, network.inShape));
  const [side, slope] = outSize > inSize ? [inSize, columnOf] : [outSize, rowOf];
  const compiled = new Map<number, Promise<Compiled>>();
  const compile = (count: number): Promise<Compiled> => {
    const x = new ArraySpec([count, inSize], np.float32);
    const direction = new ArraySpec([count, side], np.float32);
    const f = (z: np.Array): np.Array =>
      evaluate(network, z.reshape([count, ...network.inShape])).reshape([count, outSize]);
    const program = executor.compile(slope(f), [x, direction], { name: "slope" });
    compiled.set(count, program);
    return program;
  };
  return {
    inSize,
    outSize,
    async at(x, wantsSlopes) {
      const count = x.length / inSize;
      const program = await (compiled.get(count) ?? compile(count));
      const batch = new HostArray(x, [count, inSize], np.float32);
      const slopes: Float32Array[] = [];
      for (let i = 0; ; i++) {
        const along = Float32Array.from({ length: count * side }, (_, at) => (at % side === i ? 1 : 0));
        const placed = await program.run([batch, new HostArray(along, [count, side], np.float32)]);
        const [value, found] = (await executor.fetch(placed)) as [HostArray, HostArray];
        executor.release(placed);
        const y = value.data as Float32Array;
        if (!wantsSlopes(y)) return { y, slopes };
        slopes.push(found.data as Float32Array);
        if (slopes.length === side) return { y, slopes };
      }
    },
    async dispose() {
      for (const program of compiled.values()) await (await program).dispose();
    },
  };
}

type Slope = (f: (x: np.Array) => np.Array) => (x: np.Array, direction: np.Array) => np.Array[];

/** f(x), and the gradient of ⟨direction, f(x)⟩. */
const rowOf: Slope = (f) => (x, direction) => {
  const [y, back] = vjp(f, [x]);
  const [row] = back(direction);
  back.dispose();
  return [y, row];
};

/** f(x), and its derivative along a direction. */
const columnOf: Slope = (f) => (x, direction) => jvp(f, [x], [direction]);
