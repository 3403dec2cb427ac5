import { numpy as np } from "@jax-js/jax";
import { ArraySpec, type Executor } from "../executor/executor.js";
import { eagerExecutor } from "../executor/jax-executor.js";
import { makeRng, type Rng } from "../math/rng.js";
import { drawNoise, mapNoise, type NoiseOf, type NoiseSpec, type NoiseTree, noiseShape } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import { countOf, type Shape, sizeOf } from "../shape.js";

/** A pure function of a part of the examples, [n, …], of noises, and of conditions where there are any; it consumes all. */
type PartFunction = (part: np.Array, noise: NoiseTree, given?: np.Array) => np.Array;

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
  /** The conditions of the examples as layers see them, [count, m], where they are known. */
  given?: HostArray;
  /** The parameters that the layer has, on the host, where it is fitted once more: its weights of densities are not asked for. */
  known?: unknown;
  /** The same examples for a layer with these parameters. */
  about(known: unknown): CalibrationData;
  /** The same examples with conditions. */
  conditioned(given: HostArray): CalibrationData;
  /** New examples, f(part) of these. */
  map(shape: Shape, f: PartFunction, options?: MapOptions): CalibrationData;
  /** Σ over the parts of f(part), in float64, row-major. */
  sum(f: (part: np.Array) => np.Array): Promise<Float64Array>;
  /** The numbers of all examples in order, part by part. */
  parts(): AsyncGenerator<Float32Array>;
  /** The examples derived from the first `n` examples in memory, or from all if there are fewer. */
  first(n: number): CalibrationData;
  /** The same examples, or those at some places, computed once and stored on the host. */
  held(keep?: (at: number) => boolean): Promise<CalibrationData>;
}>;

export type CalibrationOptions = {
  known?: unknown;
  /** Default: jax-js on its default device, nothing compiled. */
  executor?: Executor;
  /** Examples in a part. Default 512, and more of those of few numbers. */
  atOnce?: number;
};

/** `rows`: number of inputs of the step per example in memory. */
type Step = Readonly<{ f: PartFunction; noise: NoiseSpec; seed: number; rows: number }>;

/** The source: examples in memory and the steps applied to them. */
type Source = Readonly<{
  data: HostArray;
  /** A condition for each of them. */
  given?: HostArray;
  executor: Executor;
  atOnce: number;
  known?: unknown;
  steps: readonly Step[];
}>;

/** Examples in a part, and how many there may be of few numbers: parts of two sizes are two programs. */
const AT_ONCE = { least: 512, most: 4096, numbers: 2 ** 17 } as const;

/** Examples in the memory of the host, [N, …]. */
export function calibrationData(
  data: HostArray,
  { executor = eagerExecutor(), atOnce, known }: CalibrationOptions = {},
): CalibrationData {
  const [count = 0, ...shape] = data.shape;
  const { least, most, numbers } = AT_ONCE;
  const usual = Math.max(least, Math.min(most, Math.floor(numbers / sizeOf(shape))));
  return view({ data, executor, atOnce: atOnce ?? usual, known, steps: [] }, count, shape);
}

function view(source: Source, count: number, shape: Shape): CalibrationData {
  // several rows of an example have no condition each
  const given = count === countOf(source.data) ? source.given : undefined;
  const examples: CalibrationData = {
    count,
    shape,
    known: source.known,
    about: (known) => (known === source.known ? examples : view({ ...source, known }, count, shape)),
    ...(given && { given }),
    conditioned: (conditions) => view({ ...source, given: conditions }, count, shape),
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
      if (source.steps.length > 0) {
        for await (const { data } of outputs(source, (part) => part)) yield data as Float32Array;
        return;
      }
      // nothing to compute
      for (let from = 0; from < count; from += source.atOnce)
        yield rowsAt(source.data, from, Math.min(count, from + source.atOnce)).data.slice() as Float32Array;
    },
    first(n) {
      const held = countOf(source.data);
      if (n >= held) return examples;
      const cut = {
        data: rowsAt(source.data, 0, n),
        ...(source.given && { given: rowsAt(source.given, 0, n) }),
      };
      return view({ ...source, ...cut }, (count / held) * n, shape);
    },
    async held(keep) {
      const size = sizeOf(shape);
      const all = new Float32Array(count * size);
      const places: number[] = [];
      let seen = 0;
      for await (const part of examples.parts())
        for (let from = 0; from < part.length; from += size, seen++)
          if (keep?.(seen) ?? true) {
            all.set(part.subarray(from, from + size), size * places.length);
            places.push(seen);
          }
      const kept = places.length;
      const data = new HostArray(all.subarray(0, size * kept), [kept, ...shape], np.float32);
      const { executor, atOnce, known } = source;
      const own = calibrationData(data, { executor, known, atOnce: keep ? Math.max(kept, 1) : atOnce });
      return given ? own.conditioned(keep ? rowsOfPlaces(given, places) : given) : own;
    },
  };
  return examples;
}

/** Rows of an array from one place to another. */
function rowsAt({ data, shape: [, ...each], dtype }: HostArray, from: number, to: number): HostArray {
  const size = sizeOf(each);
  return new HostArray(data.subarray(from * size, to * size), [to - from, ...each], dtype);
}

/** Rows of an array at some places. */
function rowsOfPlaces(all: HostArray, places: readonly number[]): HostArray {
  const [, ...each] = all.shape;
  const data = new Float32Array(places.length * sizeOf(each));
  for (const [to, from] of places.entries()) data.set(rowsAt(all, from, from + 1).data, to * sizeOf(each));
  return new HostArray(data, [places.length, ...each], np.float32);
}

/** Classes as rows of zeros with a single 1. */
export function oneHotRows({ data }: HostArray, classes: number): HostArray {
  const rows = new Float32Array(data.length * classes);
  data.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return new HostArray(rows, [data.length, classes], np.float32);
}

/** The condition that a layer sees of n examples: zeros where it is not known. */
export const conditionOf = (
  { condition }: Readonly<{ condition?: Shape }>,
  given: np.Array | undefined,
  n: number,
): np.Array | undefined => {
  if (condition) return given ?? np.zeros([n, ...condition]);
  given?.dispose();
  return undefined;
};

/** f after all steps, part by part; one program for all of them. */
async function* outputs(
  { data, given, executor, atOnce, steps }: Source,
  f: (part: np.Array) => np.Array,
): AsyncGenerator<HostArray> {
  const [count = 0] = data.shape;
  const sizes = Array.from({ length: Math.ceil(atOnce / 2) }, (_, k) => Math.min(count, atOnce) - k);
  const each = sizes.find((n) => count % n === 0) ?? atOnce; // equal parts share one program
  const draw = steps.map(({ noise, seed }) => drawer(noise, seed));
  const program = (x: np.Array, noise: NoiseTree[], conditions?: np.Array): np.Array => {
    const last = steps.reduce(
      (part, step, i) => step.f(part, noise[i] as NoiseTree, step.rows === 1 ? conditions?.ref : undefined),
      x,
    );
    conditions?.dispose();
    return f(last);
  };
  let compiled: { n: number; run: Awaited<ReturnType<Executor["compile"]>> } | undefined;
  try {
    for (let begin = 0; begin < count; begin += each) {
      const n = Math.min(each, count - begin);
      const x = rowsAt(data, begin, begin + n);
      const own = given ? [rowsAt(given, begin, begin + n)] : [];
      const noise = draw.map((next, i) => next(n * (steps[i] as Step).rows));
      if (compiled?.n !== n) {
        await compiled?.run.dispose();
        const noiseSpecs = steps.map((step) =>
          mapNoise(step.noise, (d) => new ArraySpec(noiseShape(d, n * step.rows), np.float32)),
        );
        const specs = [new ArraySpec(x.shape, x.dtype), noiseSpecs];
        for (const { shape, dtype } of own) specs.push(new ArraySpec(shape, dtype));
        const run = await executor.compile(program, specs, { name: "start", itemwise: true, lift: true });
        compiled = { n, run };
      }
      const placed = await compiled.run.run([x, noise, ...own]);
      yield await executor.fetch<HostArray>(placed);
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
