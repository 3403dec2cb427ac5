import { type Executor, HostArray, UsageError } from "@flowify/core";
import { ArraySpec, type Compiled, type PlacedArray } from "@flowify/core/internal";
import { logSumExp } from "@flowify/core/layer";
import { type JsTree, numpy as np } from "@jax-js/jax";

/** Rows that are compared with so many reference rows in one product. */
const BLOCK = { rows: 256, reference: 4096 } as const;

/** In place of the squared distance where a pair does not count: a row with itself, and the padding of a block. */
const FAR = 1e30;

/** No row of the reference. */
const STRANGER = -1;

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

/**
 * Squared distances of rows s [n, d] and t [m, d], [n, m], and log Σ_j exp(−|s − t_j|² / 2h²), [n]. Rows whose number in `own`
 * [n, 1] is that in `places` [1, m], and those of a negative place, are as far as can be.
 */
const compare =
  (bandwidth: number, wantsSquared: boolean) =>
  (s: np.Array, own: np.Array, t: np.Array, places: np.Array): { [name: string]: np.Array } => {
    const [n, m] = [s.shape[0] as number, t.shape[0] as number];
    const lengths = np.sum(np.square(s.ref), 1).reshape([n, 1]);
    const others = np.sum(np.square(t.ref), 1).reshape([1, m]);
    const all = np.matmul(s, np.transpose(t)).mul(-2).add(lengths).add(others);
    const left = np.equal(own, places.ref).astype(np.float32);
    const filled = np.less(places, 0).astype(np.float32);
    const squared = np.maximum(all, 0).add(left.add(filled).mul(FAR));
    const logSum = logSumExp(squared.ref.mul(-1 / (2 * bandwidth ** 2)), 1);
    if (wantsSquared) return { logSum, squared };
    squared.dispose();
    return { logSum };
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
  const size = Math.min(BLOCK.reference, count);
  const spec = (...shape: number[]): ArraySpec => new ArraySpec(shape, np.float32);
  const program: Compiled = await executor.compile(
    compare(bandwidth, k !== undefined),
    [spec(BLOCK.rows, width), spec(BLOCK.rows, 1), spec(size, width), spec(1, size)],
    { name: "compare" },
  );
  const blocks: { from: number; placed: JsTree<PlacedArray>[] }[] = [];
  for (let from = 0; from < count; from += size) {
    const places = Float32Array.from({ length: size }, (_, i) => (from + i < count ? from + i : -2));
    const parts = [blockOf(reference, width, from, size), new HostArray(places, [1, size], np.float32)];
    blocks.push({ from, placed: await Promise.all(parts.map((part) => executor.place(part))) });
  }

  const scoreBlock = async (
    rows: HostArray,
    own: HostArray,
    here: number,
    out: NeighbourScores,
    at: number,
  ) => {
    const nearest = Array.from({ length: k === undefined ? 0 : here }, () => kSmallest(k!));
    for (const { from, placed } of blocks) {
      const result = (await program.run([rows, own, ...placed])) as { [name: string]: PlacedArray };
      const { data: logs } = (await executor.fetch(result.logSum!)) as HostArray;
      for (let i = 0; i < here; i++)
        out.kernel[at + i] = from === 0 ? logs[i]! : logAdd(out.kernel[at + i]!, logs[i]!);
      if (k !== undefined) {
        const { data } = (await executor.fetch(result.squared!)) as HostArray;
        nearest.forEach((tally, i) => {
          for (let j = i * size; j < (i + 1) * size; j++) tally.add(data[j]!);
        });
      }
      executor.release(result);
    }
    for (let i = 0; i < here; i++) {
      const others = count - Number(own.data[i]! >= 0);
      out.kernel[at + i] = Math.log(others) - out.kernel[at + i]!;
      if (k !== undefined) out.distance[at + i] = Math.sqrt(nearest[i]!.last());
    }
  };

  return {
    async score(rows, own) {
      const all = rows.length / width;
      const out = { kernel: new Float64Array(all), distance: new Float64Array(k === undefined ? 0 : all) };
      for (let at = 0; at < all; at += BLOCK.rows) {
        const here = Math.min(BLOCK.rows, all - at);
        const places = new Float32Array(BLOCK.rows).fill(STRANGER);
        if (own) places.set(own.subarray(at, at + here));
        const mine = new HostArray(places, [BLOCK.rows, 1], np.float32);
        await scoreBlock(blockOf(rows, width, at, BLOCK.rows), mine, here, out, at);
      }
      return out;
    },
    async dispose() {
      for (const { placed } of blocks) for (const each of placed) executor.release(each);
      await program.dispose();
    },
  };
}

const logAdd = (a: number, b: number): number => {
  const most = Math.max(a, b);
  return most + Math.log(Math.exp(a - most) + Math.exp(b - most));
};

/** Rows from one on, with zeros behind the last: all blocks have one size. */
function blockOf(rows: Float32Array, width: number, from: number, size: number): HostArray {
  const part = rows.subarray(from * width, (from + size) * width);
  if (part.length === size * width) return new HostArray(part, [size, width], np.float32);
  const padded = new Float32Array(size * width);
  padded.set(part);
  return new HostArray(padded, [size, width], np.float32);
}

/** The k smallest numbers, and the largest of these. */
function kSmallest(k: number) {
  const smallest = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
  return {
    add(value: number): void {
      if (value >= smallest[k - 1]!) return;
      let place = k - 1;
      for (; place > 0 && smallest[place - 1]! > value; place--) smallest[place] = smallest[place - 1]!;
      smallest[place] = value;
    },
    last: (): number => smallest[k - 1]!,
  };
}
