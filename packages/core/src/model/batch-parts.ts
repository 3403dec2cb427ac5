import { type numpy as np, numpy } from "@jax-js/jax";
import type { Examples } from "../examples.js";
import type { Executor } from "../executor/executor.js";
import { partsOf, splitBatch } from "../executor/parts.js";
import { makeRng } from "../math/rng.js";
import { type DrawOptions, meanHostNoise, type NoiseSpec, noiseDrawer } from "../noise.js";
import { lazy } from "../on-demand.js";
import { HostArray } from "../params/host-array.js";
import { type Shape, sizeOf } from "../shape.js";

/** Most examples in one call of a compiled function. */
export const LARGEST = 256;

/** A function of (params, x, noise) that returns one row per example, and its shapes. */
export type RowFunction = Readonly<{
  name: string;
  f: (params: never, x: np.Array, noise: never, condition?: np.Array) => np.Array;
  inShape: Shape;
  /** Shape of the condition of an example, where there is one. */
  condition?: Shape | undefined;
  noise: NoiseSpec;
  /** As for `Executor.compile`. */
  itemwise: boolean;
}>;

/** Options of a model's method. */
export type SampleOptions = DrawOptions & {
  /** `sample` (default) samples every noise, `deterministic` sets it to its mean. */
  mode?: "sample" | "deterministic";
};

export type RunOptions = Readonly<
  SampleOptions & {
    /** Index of the first batch, for examples in several calls. Default 0. */
    firstBatch?: number;
    /** Checks the rows of some examples, starting at an index, as soon as they are computed; an error stops the run. */
    check?(rows: Float32Array, examples: number, from: number): void;
  }
>;

const NONE = new Float32Array();

/** Numbers of an example, up to which a batch that is larger than its examples costs less than a program for another size. */
const FEW_NUMBERS = 64;

/** The size of the batches that so many examples are computed in: few sizes where examples are small, since each has a program. */
export function batchSizeOf(count: number, { inShape }: Pick<RowFunction, "inShape">): number {
  if (count > LARGEST) return LARGEST;
  const doublings = Math.ceil(Math.log2(count));
  return 2 ** Math.min(sizeOf(inShape) > FEW_NUMBERS ? doublings : 3 * Math.ceil(doublings / 3), 8);
}

/**
 * The `count` examples `x` in parts of batches, created lazily, each for one call of a compiled function: `size` examples
 * in the whole batch, and the offset of the part's rows, without padding. Call `release` after a part is computed. Noise
 * of batch b is a function of (seed, stream, b).
 */
export function* partsOfExamples(
  executor: Executor,
  row: RowFunction,
  memory: BatchMemory,
  { examples: x, count, conditions = NONE }: Examples,
  {
    seed,
    stream,
    mode,
    temperature,
    firstBatch = 0,
  }: Required<SampleOptions> & {
    stream: number;
    firstBatch?: number;
  },
) {
  const width = sizeOf(row.inShape);
  for (let b = 0, done = 0; done < count; b++, done += LARGEST) {
    const here = Math.min(LARGEST, count - done);
    // the last of several has the size of the others, and their program
    const size = firstBatch > 0 ? LARGEST : batchSizeOf(count, row);
    const parts = partsOf(executor, size);
    const { batch, drawer, release } = memory.take(size, parts);
    batch.set(x.subarray(done * width, (done + here) * width));
    for (let i = here; i < size; i++) batch.copyWithin(i * width, 0, width); // padding: a valid example
    const examples = new HostArray(batch, [size, ...row.inShape], numpy.float32);
    const given = (row.condition ? [row.condition] : []).map((shape) => {
      const each = sizeOf(shape);
      const rows = new Float32Array(size * each);
      rows.set(conditions.subarray(done * each, (done + here) * each));
      for (let i = here; i < size; i++) rows.copyWithin(i * each, 0, each);
      return new HostArray(rows, [size, ...shape], numpy.float32);
    });
    const noise =
      mode === "deterministic"
        ? meanHostNoise(row.noise, size)
        : drawer()(makeRng(seed, stream, firstBatch + b), temperature);
    for (const [i, args] of splitBatch([examples, noise, ...given], parts).entries()) {
      const first = (i * size) / parts;
      const rows = Math.max(0, Math.min(size / parts, here - first));
      yield { size, parts, args, at: done + first, rows, release };
    }
  }
  return undefined;
}

/** Memory for several batches of any size, reusable after all parts of a batch are computed. */
export type BatchMemory = ReturnType<typeof batchMemory>;

/** Memory for the examples of a batch and for its noise, which `drawer` fills. */
export function batchMemory({ noise, inShape }: RowFunction) {
  const make = (size: number) => ({
    batch: new Float32Array(size * sizeOf(inShape)),
    drawer: lazy(() => noiseDrawer(noise, size)), // none in deterministic mode
  });
  const free = new Map<number, ReturnType<typeof make>[]>();
  return {
    take(size: number, parts: number) {
      const pool = free.get(size) ?? [];
      free.set(size, pool);
      const memory = pool.pop() ?? make(size);
      let open = parts;
      const release = (): void => {
        open--;
        if (open === 0) pool.push(memory);
      };
      return { ...memory, release };
    },
  };
}
