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
 * two, so that a few compiled sizes serve all. A batch is computed in parts, which go to whichever lane is free. Noise of batch b is a function of (seed, stream, b).
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
      const noises = noisePool(row.noise);
      /** The parts of batch b, one a lane; items and noise are padded to a power of two. */
      function* partsOfBatch(b: number): Generator<Part> {
        const done = b * LARGEST;
        const here = Math.min(LARGEST, count - done);
        const size = Math.min(LARGEST, 2 ** Math.ceil(Math.log2(here)));
        const batch = new Float32Array(size * width);
        batch.set(x.subarray(done * width, (done + here) * width));
        for (let i = here; i < size; i++) batch.copyWithin(i * width, 0, width); // padding: a valid item
        const items = new HostArray(batch, [size, ...row.inShape], numpy.float32);
        const parts = partsOf(executor, size);
        const { noise, release } = noises.take(size, parts);
        const drawn =
          mode === "mean"
            ? meanHostNoise(row.noise, size)
            : noise(makeRng(seed, stream, firstBatch + b), temperature);
        for (const [i, args] of splitBatch([items, drawn] as const, parts).entries()) {
          const first = (i * size) / parts;
          const rows = Math.min(size / parts, here - first);
          yield { size, parts, args, at: done + first, rows: Math.max(0, rows), release };
        }
      }
      const batches = Math.ceil(count / LARGEST);
      function* allParts(): Generator<Part> {
        for (let b = 0; b < batches; b++) yield* partsOfBatch(b);
      }
      const queue = allParts();
      let left = count;
      let out: Float32Array | undefined;
      /** Takes one part after the other, on one lane. `ahead`: while the lane computes another one. */
      const work = async (own: number, ahead: boolean): Promise<void> => {
        let spare: JsTree<PlacedArray> | undefined;
        try {
          // at the end no lane should have two parts while another has none
          while (left > (ahead ? LARGEST : 0)) {
            const { value: part } = queue.next();
            if (part === undefined) break;
            left -= part.rows;
            const program = await compile(row, part.size);
            const lane = part.parts > 1 ? own : 0;
            spare = await program.run([placed, ...part.args], { lane, ...(spare && { into: spare }) });
            part.release();
            const { data, shape } = (await executor.fetch(spare)) as HostArray;
            const each = data.length / (shape[0] as number);
            out ??= new Float32Array(count * each);
            out.set((data as Float32Array).subarray(0, part.rows * each), part.at * each);
          }
        } catch (error) {
          left = 0; // for the others
          throw error;
        } finally {
          if (spare) executor.release(spare);
        }
      };
      const lanes = Array.from({ length: partsOf(executor, LARGEST) }, (_, lane) => lane);
      await Promise.all([
        ...lanes.map((lane) => work(lane, false)),
        // the next part lies ready on a lane beside this thread, which may be computing when one is done
        ...lanes.slice(1).map((lane) => work(lane, true)),
      ]);
      return out as unknown as Float32Array;
    },
    async dispose(): Promise<void> {
      for (const entry of compiled.values()) await (await entry).dispose();
      compiled.clear();
    },
  };
}

type Part = Readonly<{
  /** Items of the whole batch, and in how many parts it is. */
  size: number;
  parts: number;
  args: readonly JsTree<HostArray>[];
  /** Where its rows go, and how many are no padding. */
  at: number;
  rows: number;
  /** To be called when the part is computed. */
  release(): void;
}>;

/** Memory for the noise of several batches at once, of any size: free again when all parts of a batch are computed. */
function noisePool(spec: NoiseSpec) {
  const free = new Map<number, ReturnType<typeof noiseDrawer>[]>();
  return {
    take(size: number, parts: number) {
      const pool = free.get(size) ?? [];
      free.set(size, pool);
      const noise = pool.pop() ?? noiseDrawer(spec, size);
      let open = parts;
      const release = (): void => {
        if (--open === 0) pool.push(noise);
      };
      return { noise, release };
    },
  };
}
