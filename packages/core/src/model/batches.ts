import type { JsTree, numpy as np } from "@jax-js/jax";
import { numpy } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor, HostArray, type PlacedArray } from "../executor.js";
import { type Shape, sizeOf } from "../layer.js";
import { makeRng } from "../math/rng.js";
import { mapNoise, meanHostNoise, type NoiseSpec, noiseDrawer, noiseShape } from "../noise.js";
import { partsOf, splitBatch } from "../parts.js";
import { treeFlatten, treeMap } from "../trees.js";

/** Largest number of items that one call of a compiled function takes. */
export const LARGEST = 256;

/** Parameters, in numbers, up to which they are built into the programs of whole batches: each has a copy then. */
const MOST_BUILT_IN = 2 ** 25;

/** A function of (params, x, noise) that gives one row an item, and the shapes that it needs. */
export type RowFunction = Readonly<{
  name: string;
  f: (params: never, x: np.Array, noise: never) => np.Array;
  inShape: Shape;
  noise: NoiseSpec;
}>;

export type RunOptions = Readonly<{
  seed: number;
  stream: number;
  mode: "sample" | "mean";
  temperature: number;
  /** Number of the first batch, where items come in several calls. Default 0. */
  firstBatch?: number;
}>;

/**
 * Runs row functions over any number of items: in batches of 256, the last one padded to a power of
 * two, so that a few compiled sizes serve all. Noise of batch b is a function of (seed, stream, b).
 */
export function batchRunner(executor: Executor, params: JsTree<HostArray>) {
  const paramSpecs = treeMap((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), params);
  const numbers = treeFlatten<HostArray>(params).leaves.reduce((sum, { data }) => sum + data.length, 0);
  const compiled = new Map<string, Promise<Compiled>>();
  const compile = (row: RowFunction, batch: number): Promise<Compiled> => {
    const size = batch / partsOf(executor, batch);
    const key = `${row.name}/${batch}`;
    let found = compiled.get(key);
    if (!found) {
      const noise = mapNoise(row.noise, (d) => new ArraySpec(noiseShape(d, size), numpy.float32));
      const x = new ArraySpec([size, ...row.inShape], numpy.float32);
      found = executor.compile(row.f, [paramSpecs, x, noise], {
        name: row.name,
        lanes: size < batch,
        constant: batch === LARGEST && numbers <= MOST_BUILT_IN ? params : undefined,
      });
      compiled.set(key, found);
    }
    return found;
  };
  return {
    /** All rows, one after the other. `x` holds `count` items. */
    async run(
      row: RowFunction,
      placed: JsTree<PlacedArray>,
      x: Uint8Array | Float32Array,
      count: number,
      { seed, stream, mode, temperature, firstBatch = 0 }: RunOptions,
    ): Promise<Float32Array> {
      if (count === 0) return new Float32Array(0);
      const width = sizeOf(row.inShape);
      const draw = drawers(row.noise);
      /** Items and noise of batch b, padded to a power of two, in a part a lane. */
      const ready = (b: number) => {
        const done = b * LARGEST;
        const here = Math.min(LARGEST, count - done);
        const size = Math.min(LARGEST, 2 ** Math.ceil(Math.log2(here)));
        const batch = new Float32Array(size * width);
        batch.set(x.subarray(done * width, (done + here) * width));
        for (let i = here; i < size; i++) batch.copyWithin(i * width, 0, width); // padding: a valid item
        const items = new HostArray(batch, [size, ...row.inShape], numpy.float32);
        const noise =
          mode === "mean"
            ? meanHostNoise(row.noise, size)
            : draw(size, b)(makeRng(seed, stream, firstBatch + b), temperature);
        return { size, here, parts: splitBatch([items, noise] as const, partsOf(executor, size)) };
      };
      let out: Float32Array | undefined;
      let spare: JsTree<PlacedArray>[] = [];
      let next = ready(0);
      for (let b = 0, done = 0; done < count; b++, done += LARGEST) {
        const { size, here, parts } = next;
        const program = await compile(row, size);
        // all calls in one go, so that the lanes run side by side
        const calls = parts.map((part, lane) =>
          program.run([placed, ...part], { lane, ...(spare[lane] && { into: spare[lane] }) }),
        );
        const all = Promise.all(calls);
        await Promise.race([all, calls[0]]); // this thread computes the first part, and has time while others go on
        if (done + LARGEST < count) next = ready(b + 1);
        for (const unused of spare.slice(parts.length)) executor.release(unused);
        spare = await all;
        let at = done;
        for (const results of spare) {
          const { data, shape } = (await executor.fetch(results)) as HostArray;
          const each = data.length / (shape[0] as number);
          out ??= new Float32Array(count * each);
          const rows = Math.min(shape[0] as number, done + here - at);
          if (rows > 0) out.set((data as Float32Array).subarray(0, rows * each), at * each);
          at += rows;
        }
      }
      for (const results of spare) executor.release(results);
      return out as Float32Array;
    },
    async dispose(): Promise<void> {
      for (const entry of compiled.values()) await (await entry).dispose();
      compiled.clear();
    },
  };
}

/** Noise for batches of any size: the draws of two batches in turn have memory of their own. */
function drawers(spec: NoiseSpec): (size: number, batch: number) => ReturnType<typeof noiseDrawer> {
  const known = new Map<string, ReturnType<typeof noiseDrawer>>();
  return (size, batch) => {
    const key = `${size}/${batch % 2}`;
    const found = known.get(key) ?? noiseDrawer(spec, size);
    known.set(key, found);
    return found;
  };
}
