import { type Executor, HostArray, UsageError } from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { logSumExp } from "@flowify/core/layer";
import { type JsTree, numpy as np } from "@jax-js/jax";
import { lazyPromise, overWorkers } from "./over-workers.js";

/** Rows in one call, and reference rows in one product of it: what is between two operations stays in the cache of a core. */
const BLOCK = { rows: 512, reference: 256 } as const;

/** In place of −d²/2h² where a pair does not count, negative: a row with itself, and the padding of a block. */
const FAR = 1e30;

/** No row of the reference, and the padding of the reference. */
const STRANGER = -1;
const PADDING = -2;

export type NeighbourOptions = Readonly<{
  /** Standard deviation of the kernels, in the unit of the space. */
  bandwidth: number;
  /** Which neighbour's distance is wanted too, 1 for the nearest. Default none. */
  k?: number;
}>;

/** High for rows that are far from the reference. */
type NeighbourScores = Readonly<{
  /** −log (1/m) Σ_j exp(−|x − t_j|² / 2h²): the kernel density without its constant factor. */
  kernel: Float64Array;
  /** The distance to the k-th neighbour, where one is wanted. */
  distance: Float64Array;
}>;

/** Rows of a space that others are compared with, placed where the executor computes. */
export type Neighbours = Readonly<{
  /**
   * @param rows [n, width]
   * @param own the place of each row in the reference, by which it is not compared with itself; else −1
   */
  score(rows: Float32Array, own?: Int32Array): Promise<NeighbourScores>;
  dispose(): Promise<void>;
}>;

/** Reference rows in parts [width + 2, m], and their places [1, m]. */
type Reference<T> = { parts: T[]; places: T[] };

/**
 * −|a − b|² / 2 of rows a and b as one product: (a, −|a|²/2, 1) · (b, 1, −|b|²/2). Here, a = s / h and b = t / h.
 *
 * `marked`: rows whose place `own` [n, 1] is that of a reference row are as far from it as can be.
 */
const compare =
  (marked: boolean, wantsLogs: boolean) =>
  ({ parts, places }: Reference<np.Array>, rows: np.Array, own: np.Array): JsTree<np.Array> => {
    const logs = parts.map((part, i) => {
      const all = np.minimum(np.matmul(rows.ref, part), 0);
      if (!marked) return all;
      return all.sub(np.equal(own.ref, places[i]!).astype(np.float32).mul(FAR));
    });
    rows.dispose();
    own.dispose();
    if (!marked) for (const each of places) each.dispose();
    const sums = logs.map((each) => logSumExp(wantsLogs ? each.ref : each, 1));
    return { logSum: logSumExp(np.stack(sums, 1), 1), logs: wantsLogs ? logs : [] };
  };

/**
 * Compares rows with reference rows [m, width]: all pairs, by matrix products of blocks, so that memory grows with neither.
 * Squared distances are those of float32, to about 1e-6 of the squared lengths.
 *
 * @throws UsageError where there are fewer than two reference rows, fewer than neighbours, or a bandwidth is not above 0
 */
export async function neighboursOf(
  executor: Executor,
  reference: Float32Array,
  width: number,
  { bandwidth, k }: NeighbourOptions,
): Promise<Neighbours> {
  const count = reference.length / width;
  if (count < 2) throw new UsageError(`${count} reference rows: expected at least 2`);
  if (k !== undefined && !(Number.isInteger(k) && k >= 1 && k < count))
    throw new UsageError(`k = ${k}: expected a neighbour from 1 to ${count - 1}, the other reference rows`);
  if (!(bandwidth > 0)) throw new UsageError(`bandwidth ${bandwidth}: expected a positive number`);
  const wide = width + 2;
  const known = referenceParts(augmented(reference, width, bandwidth, "reference"), wide, count);
  const spec = (array: HostArray): ArraySpec => new ArraySpec(array.shape, array.dtype);
  const specs = { parts: known.parts.map(spec), places: known.places.map(spec) };
  const rowSpecs = [blockSpec(wide), blockSpec(1)];
  const placed = await executor.place(known);
  const open: Compiled[] = [];
  const programFor = (marked: boolean) =>
    lazyPromise(async () => {
      const program = await executor.compile(compare(marked, k !== undefined), [specs, ...rowSpecs], {
        name: "compare",
        workers: true,
        constant: known,
      });
      open.push(program);
      return program;
    });
  const programs = { plain: programFor(false), marked: programFor(true) };

  return {
    async score(rows, own) {
      const all = rows.length / width;
      const out = { kernel: new Float64Array(all), distance: new Float64Array(k === undefined ? 0 : all) };
      const turned = augmented(rows, width, bandwidth, "row");
      await overWorkers(executor, Math.ceil(all / BLOCK.rows), async (piece, worker) => {
        const at = piece * BLOCK.rows;
        const here = Math.min(BLOCK.rows, all - at);
        const places = new Float32Array(BLOCK.rows).fill(STRANGER);
        if (own) places.set(own.subarray(at, at + here));
        const marked = places.some((place) => place >= 0);
        const program = await (marked ? programs.marked() : programs.plain());
        const args = [blockOf(turned, wide, at), new HostArray(places, [BLOCK.rows, 1], np.float32)];
        const result = await program.run([placed, ...args], { worker });
        const { logSum, logs } = (executor.peek?.(result) ??
          (await executor.fetch(result))) as unknown as Compared;
        for (let i = 0; i < here; i++) {
          const others = count - Number(places[i]! >= 0);
          out.kernel[at + i] = Math.log(others) - logSum.data[i]!;
          if (k === undefined) continue;
          out.distance[at + i] = bandwidth * Math.sqrt(-2 * kLargest(k, logs, i)[0]!);
        }
        executor.release(result);
      });
      return out;
    },
    async dispose() {
      executor.release(placed);
      for (const program of open) await program.dispose();
    },
  };
}

type Compared = Readonly<{ logSum: HostArray; logs: readonly HostArray[] }>;

const blockSpec = (width: number): ArraySpec => new ArraySpec([BLOCK.rows, width], np.float32);

/** (a, −|a|²/2, 1) of rows [n, width], and for the reference (b, 1, −|b|²/2), with a and b in units of the bandwidth: [n, width + 2]. */
function augmented(
  rows: Float32Array,
  width: number,
  bandwidth: number,
  side: "row" | "reference",
): Float32Array {
  const count = rows.length / width;
  const out = new Float32Array(count * (width + 2));
  const [length, one] = side === "row" ? [width, width + 1] : [width + 1, width];
  for (let i = 0, from = 0, to = 0; i < count; i++, to += width + 2) {
    let squared = 0;
    for (let j = 0; j < width; j++, from++) {
      const value = Math.fround(rows[from]! / bandwidth);
      out[to + j] = value;
      squared += value * value;
    }
    out[to + length] = -squared / 2;
    out[to + one] = 1;
  }
  return out;
}

/** The reference in parts of one size, turned; the last one is filled up with rows that are infinitely far. */
function referenceParts(rows: Float32Array, wide: number, count: number): Reference<HostArray> {
  const number = Math.ceil(count / BLOCK.reference);
  const size = Math.ceil(count / number);
  const parts = Array.from({ length: number }, (_, part) => {
    const turned = new Float32Array(wide * size);
    for (let j = 0; j < size; j++) {
      const row = part * size + j;
      for (let c = 0; c < wide && row < count; c++) turned[c * size + j] = rows[row * wide + c]!;
      if (row >= count) turned[(wide - 1) * size + j] = -FAR;
    }
    return new HostArray(turned, [wide, size], np.float32);
  });
  const places = parts.map((_, part) => {
    const numbers = Float32Array.from({ length: size }, (__, j) =>
      part * size + j < count ? part * size + j : PADDING,
    );
    return new HostArray(numbers, [1, size], np.float32);
  });
  return { parts, places };
}

/** Rows from one on, with zeros behind the last: all blocks have one size. */
function blockOf(rows: Float32Array, width: number, from: number): HostArray {
  const part = rows.subarray(from * width, (from + BLOCK.rows) * width);
  const shape = [BLOCK.rows, width];
  if (part.length === BLOCK.rows * width) return new HostArray(part, shape, np.float32);
  const padded = new Float32Array(BLOCK.rows * width);
  padded.set(part);
  return new HostArray(padded, shape, np.float32);
}

/** The k largest numbers of row `row` of several arrays [n, m], ascending. */
function kLargest(k: number, parts: readonly HostArray[], row: number): Float64Array {
  const largest = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
  for (const { data, shape } of parts) {
    const size = shape[1]!;
    for (let j = row * size; j < (row + 1) * size; j++) {
      const value = data[j]!;
      if (value <= largest[0]!) continue;
      let place = 0;
      for (; place < k - 1 && largest[place + 1]! < value; place++) largest[place] = largest[place + 1]!;
      largest[place] = value;
    }
  }
  return largest;
}
