import { numpy as np } from "@jax-js/jax";
import { ArraySpec, type Executor } from "../executor/executor.js";
import { eagerExecutor } from "../executor/jax-executor.js";
import { makeRng, type Rng } from "../math/rng.js";
import { drawNoise, mapNoise, type NoiseOf, type NoiseSpec, type NoiseTree, noiseShape } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import { countOf, type Shape, sizeOf } from "../shape.js";

/** A pure function of a part of the examples, [n, …], and of noises; it consumes both. */
type PartFunction = (part: np.Array, noise: NoiseTree) => np.Array;

type MapOptions = {
  /** Rows per example: [n, …] ↦ [n · each, …shape]. Default 1. */
  each?: number;
  /** Noise of the function for each example (or row), drawn from this seed: the same in every pass. */
  noise?: NoiseSpec;
  seed?: number;
};

/**
 * The examples for data-dependent initialization. Each pass processes them in parts and recomputes everything derived
 * from them, so that all patches of all images never exist at once. The executor of the run compiles the functions;
 * they take captured arrays by `.ref`.
 */
export type CalibrationData = Readonly<{
  count: number;
  /** Shape of one example. */
  shape: Shape;
  /** New examples, f(part) of these. */
  map(shape: Shape, f: PartFunction, options?: MapOptions): CalibrationData;
  /** Σ over the parts of f(part), in float64, row-major. */
  sum(f: (part: np.Array) => np.Array): Promise<Float64Array>;
  /** The numbers of all examples in order, part by part. */
  parts(): AsyncGenerator<Float32Array>;
  /** The examples derived from the first `n` examples in memory, or from all if there are fewer. */
  first(n: number): CalibrationData;
  /** The same examples, or those at some places, computed once and stored on the host; of the latter, functions are computed eagerly. */
  held(keep?: (at: number) => boolean): Promise<CalibrationData>;
}>;

export type CalibrationOptions = {
  /** Default: jax-js on its default device, nothing compiled. */
  executor?: Executor;
  /** Examples in a part. Default 512. */
  atOnce?: number;
};

/** `rows`: number of inputs of the step per example in memory. */
type Step = Readonly<{ f: PartFunction; noise: NoiseSpec; seed: number; rows: number }>;

/** The source: examples in memory and the steps applied to them. */
type Source = Readonly<{
  data: HostArray;
  executor: Executor;
  atOnce: number;
  steps: readonly Step[];
}>;

/** Examples in the memory of the host, [N, …]. */
export function calibrationData(
  data: HostArray,
  { executor = eagerExecutor(), atOnce = 512 }: CalibrationOptions = {},
): CalibrationData {
  const [count = 0, ...shape] = data.shape;
  return view({ data, executor, atOnce, steps: [] }, count, shape);
}

function view(source: Source, count: number, shape: Shape): CalibrationData {
  const examples: CalibrationData = {
    count,
    shape,
    map: (next, f, { each = 1, noise = {}, seed = 0 } = {}) =>
      view(
        {
          ...source,
          steps: [...source.steps, { f, noise, seed, rows: count / countOf(source.data) }],
        },
        count * each,
        next,
      ),
    async sum(f) {
      let total: Float64Array | undefined;
      for await (const { data } of outputs(source, f)) {
        total ??= new Float64Array(data.length);
        for (let i = 0; i < data.length; i++) total[i]! += data[i] as number;
      }
      return total ?? new Float64Array();
    },
    async *parts() {
      for await (const { data } of outputs(source, (part) => part)) yield data as Float32Array;
    },
    first(n) {
      const held = countOf(source.data);
      if (n >= held) return examples;
      const [, ...each] = source.data.shape;
      const part = source.data.data.subarray(0, n * sizeOf(each));
      const data = new HostArray(part, [n, ...each], source.data.dtype);
      return view({ ...source, data }, (count / held) * n, shape);
    },
    async held(keep) {
      const size = sizeOf(shape);
      const all = new Float32Array(count * size);
      let [seen, kept] = [0, 0];
      for await (const part of examples.parts())
        for (let from = 0; from < part.length; from += size)
          if (keep?.(seen++) ?? true) all.set(part.subarray(from, from + size), size * kept++);
      const data = new HostArray(all.subarray(0, size * kept), [kept, ...shape], np.float32);
      const { executor, atOnce } = source;
      return calibrationData(data, { executor, atOnce: keep ? Math.max(kept, 1) : atOnce });
    },
  };
  return examples;
}

/** f after all steps, part by part; one program for all of them. */
async function* outputs(
  { data, executor, atOnce, steps }: Source,
  f: (part: np.Array) => np.Array,
): AsyncGenerator<HostArray> {
  const [count = 0, ...shape] = data.shape;
  const size = sizeOf(shape);
  const sizes = Array.from({ length: Math.ceil(atOnce / 2) }, (_, k) => Math.min(count, atOnce) - k);
  const each = sizes.find((n) => count % n === 0) ?? atOnce; // equal parts share one program
  const draw = steps.map(({ noise, seed }) => drawer(noise, seed));
  const program = (x: np.Array, noise: NoiseTree[]): np.Array =>
    f(steps.reduce((part, step, i) => step.f(part, noise[i] as NoiseTree), x));
  let compiled: { n: number; run: Awaited<ReturnType<Executor["compile"]>> } | undefined;
  try {
    for (let begin = 0; begin < count; begin += each) {
      const n = Math.min(each, count - begin);
      const part = data.data.subarray(begin * size, (begin + n) * size);
      const x = new HostArray(part, [n, ...shape], data.dtype);
      const noise = draw.map((next, i) => next(n * (steps[i] as Step).rows));
      if (compiled?.n !== n) {
        await compiled?.run.dispose();
        const noiseSpecs = steps.map((step) =>
          mapNoise(step.noise, (d) => new ArraySpec(noiseShape(d, n * step.rows), np.float32)),
        );
        const specs = [new ArraySpec(x.shape, x.dtype), noiseSpecs];
        const run = await executor.compile(program, specs, { name: "start", itemwise: true });
        compiled = { n, run };
      }
      const placed = await compiled.run.run([x, noise]);
      yield (await executor.fetch(placed)) as HostArray;
      executor.release(placed);
    }
  } finally {
    await compiled?.run.dispose();
  }
}

/**
 * Draws noise for one part after another, with a separate stream per example, so that the size of the parts makes no
 * difference.
 */
function drawer(spec: NoiseSpec, seed: number): (n: number) => NoiseOf<HostArray> {
  const rngs: Rng[] = [];
  return (n) => {
    let leaf = 0;
    return mapNoise(spec, (declaration) => {
      rngs[leaf] ??= makeRng(seed, leaf);
      const rng = rngs[leaf++] as Rng;
      return drawNoise(declaration, n, rng) as HostArray;
    });
  };
}

/** Examples cut into rows [n], `each` rows per example (by default one row with all entries). */
export const rowsOf = (
  examples: CalibrationData,
  toRows: (part: np.Array) => np.Array,
  n: number,
  each = sizeOf(examples.shape) / n,
): CalibrationData => examples.map([n], toRows, { each });
