import { jvp, numpy as np, vjp } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor, type PlacedArray } from "../executor/executor.js";
import { applyNetwork, outShape } from "../network/apply-network.js";
import type { OrdinaryNetwork } from "../network/network.js";
import { HostArray } from "../params/host-array.js";
import { sizeOf } from "../shape.js";

/**
 * A network f, and products with its Jacobian J = ∂f/∂x, for a batch of examples, one after another. An executor
 * computes them, compiled once for each batch size.
 */
export type LinearizedNetwork = Readonly<{
  inSize: number;
  outSize: number;
  /**
   * Whether a layer has fewer numbers than x. If none has, other x with the same f(x) differ only in inactive units,
   * and a path between them is hard to find.
   */
  narrows: boolean;
  /** f(x) */
  values(x: Float32Array): Promise<Float32Array>;
  /** Rows of J, ∂f_i/∂x of all examples, one after another; its columns ∂f/∂x_i if f(x) is longer than x. */
  slopes(x: Float32Array): Promise<Float32Array[]>;
  /** Jᵀ r */
  back(x: Float32Array, r: Float32Array): Promise<Float32Array>;
  /** Jᵀ J p */
  normal(x: Float32Array, p: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}>;

/** @throws UnsupportedOpError, ShapeError like `applyNetwork` */
export function linearized(network: OrdinaryNetwork, executor: Executor): LinearizedNetwork {
  const inSize = sizeOf(network.inShape);
  const sizes = network.layers.map((_, i) =>
    sizeOf(outShape(network.layers.slice(0, i + 1), network.inShape)),
  );
  const outSize = sizes.at(-1) ?? inSize;
  const lengths: Readonly<Record<Product, number>> = { back: outSize, along: inSize, normal: inSize };
  const dense = outSize > inSize ? "along" : "back";
  const compiled = new Map<string, Promise<Compiled<[PlacedArray, PlacedArray]>>>();
  const compile = (product: Product, count: number): Promise<Compiled<[PlacedArray, PlacedArray]>> => {
    const name = `${product} of ${count}`;
    const x = new ArraySpec([count, inSize], np.float32);
    const v = new ArraySpec([count, lengths[product]], np.float32);
    const f = (z: np.Array): np.Array =>
      applyNetwork(network, z.reshape([count, ...network.inShape])).reshape([count, outSize]);
    const program = compiled.get(name) ?? executor.compile(products[product](f), [x, v], { name: product });
    compiled.set(name, program);
    return program;
  };
  /** f(x), and a product with the vector of each example. */
  async function run(
    product: Product,
    x: Float32Array,
    v?: Float32Array,
  ): Promise<[Float32Array, Float32Array]> {
    const count = x.length / inSize;
    const program = await compile(product, count);
    const length = lengths[product];
    const placed = await program.run([
      new HostArray(x, [count, inSize], np.float32),
      new HostArray(v ?? new Float32Array(count * length), [count, length], np.float32),
    ]);
    const [y, found] = await executor.fetch<[HostArray, HostArray]>(placed);
    executor.release(placed);
    return [y.data as Float32Array, found.data as Float32Array];
  }
  return {
    inSize,
    outSize,
    narrows: sizes.some((size) => size < inSize),
    values: async (x) => (await run(dense, x))[0],
    async slopes(x) {
      const side = lengths[dense];
      const found: Float32Array[] = [];
      for (let i = 0; i < side; i++) {
        const count = x.length / inSize;
        const unit = Float32Array.from({ length: count * side }, (_, at) => (at % side === i ? 1 : 0));
        found.push((await run(dense, x, unit))[1]);
      }
      return found;
    },
    back: async (x, r) => (await run("back", x, r))[1],
    normal: async (x, p) => (await run("normal", x, p))[1],
    async dispose() {
      for (const program of await Promise.allSettled(compiled.values()))
        if (program.status === "fulfilled") await program.value.dispose();
    },
  };
}

type Product = "back" | "along" | "normal";
type Made = (f: (x: np.Array) => np.Array) => (x: np.Array, v: np.Array) => [y: np.Array, product: np.Array];

const products: Readonly<Record<Product, Made>> = {
  back: (f) => (x, r) => {
    const [y, pull] = vjp(f, [x]);
    const [product] = pull(r);
    pull.dispose();
    return [y, product];
  },
  along: (f) => (x, p) => jvp(f, [x], [p]),
  normal: (f) => (x, p) => {
    const [y, along] = jvp(f, [x.ref], [p]);
    const [again, pull] = vjp(f, [x]);
    const [product] = pull(along);
    pull.dispose();
    again.dispose();
    return [y, product];
  },
};
