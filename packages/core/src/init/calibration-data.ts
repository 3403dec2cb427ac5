import { numpy as np } from "@jax-js/jax";
import { ArraySpec, type Executor } from "../executor/executor.js";
import { eagerExecutor } from "../executor/jax-executor.js";
import { makeRng, type Rng } from "../math/rng.js";
import { drawNoise, mapNoise, type NoiseOf, type NoiseSpec, type NoiseTree, noiseShape } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import { type Shape, sizeOf } from "../shape.js";

/** A pure function of a part of the examples, [n, …], and of noises; it consumes both. */
type PartFunction = (part: np.Array, noise: NoiseTree) => np.Array;

type MapOptions = {
  /** Rows that an example becomes: [n, …] ↦ [n · each, …shape]. Default 1. */
  each?: number;
  /** Noise that the function takes, of each example (or row) that it gets, drawn from this seed: the same in every pass. */
  noise?: NoiseSpec;
  seed?: number;
};

/**
 * The examples that a data-dependent start looks at. They are gone through some at a time, as often as
 * one likes, and what is computed from them is computed again in each pass: all patches of all images
 * are never held. Functions are compiled by the executor of the run; arrays that they capture they
 * take by `.ref`.
 */
export type CalibrationData = Readonly<{
  count: number;
  /** Of one example. */
  shape: Shape;
  /** Other examples, f(part) of these. */
  map(shape: Shape, f: PartFunction, options?: MapOptions): CalibrationData;
  /** Σ over the parts of f(part), in float64, row-major. */
  sum(f: (part: np.Array) => np.Array): Promise<Float64Array>;
  /** The numbers of all examples in order, part by part. */
  parts(): AsyncGenerator<Float32Array>;
  /** What comes of the first `n` of the examples in memory; of all where there are fewer. */
  first(n: number): CalibrationData;
  /** The same examples, computed once and kept in the memory of the host. */
  held(): Promise<CalibrationData>;
}>;

export type CalibrationOptions = {
  /** Default: jax-js on its default device, nothing compiled. */
  executor?: Executor;
  /** Examples in a part. Default 512. */
  atOnce?: number;
};

/** `rows`: how many of its inputs come from one of the examples in memory. */
type Step = Readonly<{ f: PartFunction; noise: NoiseSpec; seed: number; rows: number }>;

/** Where examples come from: those in memory, and what is done to them in turn. */
type Source = Readonly<{
  data: HostArray;
  executor: Executor;
  atOnce: number;
  steps: readonly Step[];
}>;

/** Examples that lie in the memory of the host, [N, …]. */
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
          steps: [...source.steps, { f, noise, seed, rows: count / (source.data.shape[0] as number) }],
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
      const held = source.data.shape[0] as number;
      if (n >= held) return examples;
      const [, ...each] = source.data.shape;
      const part = source.data.data.subarray(0, n * sizeOf(each));
      const data = new HostArray(part, [n, ...each], source.data.dtype);
      return view({ ...source, data }, (count / held) * n, shape);
    },
    async held() {
      const all = new Float32Array(count * sizeOf(shape));
      let at = 0;
      for await (const part of examples.parts()) {
        all.set(part, at);
        at += part.length;
      }
      const { executor, atOnce } = source;
      return calibrationData(new HostArray(all, [count, ...shape], np.float32), { executor, atOnce });
    },
  };
  return examples;
}

/** f of what comes out of the steps, part by part; one program for all of them. */
async function* outputs(
  { data, executor, atOnce, steps }: Source,
  f: (part: np.Array) => np.Array,
): AsyncGenerator<HostArray> {
  const [count = 0, ...shape] = data.shape;
  const size = sizeOf(shape);
  const draw = steps.map(({ noise, seed }) => drawer(noise, seed));
  const program = (x: np.Array, noise: NoiseTree[]): np.Array =>
    f(steps.reduce((part, step, i) => step.f(part, noise[i] as NoiseTree), x));
  let compiled: { n: number; run: Awaited<ReturnType<Executor["compile"]>> } | undefined;
  try {
    for (let begin = 0; begin < count; begin += atOnce) {
      const n = Math.min(atOnce, count - begin);
      const x = new HostArray(
        data.data.subarray(begin * size, (begin + n) * size),
        [n, ...shape],
        data.dtype,
      );
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

/** Draws noises for one part after the other, each from a stream of its own: the cut makes no difference. */
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

/** Examples cut into rows [n], `each` of them an example (by default, all of an example's entries). */
export const rowsOf = (
  examples: CalibrationData,
  toRows: (part: np.Array) => np.Array,
  n: number,
  each = sizeOf(examples.shape) / n,
): CalibrationData => examples.map([n], toRows, { each });
