import { type Executor, HostArray, UsageError } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { numpy as np } from "@jax-js/jax";

/** Rows that are compared with so many training rows in one product. */
const BLOCK = { rows: 256, training: 2048 } as const;

export type NeighbourOptions = Readonly<{
  /** Which neighbour: 1 for the nearest. */
  k: number;
  /** Standard deviation of the kernels, in the unit of the space. */
  bandwidth: number;
  /** The rows are the training rows: no row counts in its score. */
  leaveOneOut?: boolean;
}>;

/** High for rows that are far from the training rows. */
export type NeighbourScores = Readonly<{
  /** The distance to the k-th neighbour. */
  distance: Float64Array;
  /** −log (1/m) Σ_j exp(−|x − t_j|² / 2h²): the kernel density without its constant factor. */
  kernel: Float64Array;
}>;

/** |s − t|² for rows s [n, d] and t [m, d], as [n, m]. */
function squaredDistances(s: np.Array, t: np.Array): np.Array {
  const [n, m] = [s.shape[0] as number, t.shape[0] as number];
  const lengths = np.sum(np.square(s.ref), 1).reshape([n, 1]);
  const others = np.sum(np.square(t.ref), 1).reshape([1, m]);
  return np.matmul(s, np.transpose(t)).mul(-2).add(lengths).add(others);
}

/**
 * Distances and kernel densities of rows [n, width] among training rows [m, width]: all pairs, by matrix products of blocks, so
 * that memory does not grow with either. Squared distances are those of float32, to about 1e-6 of the squared lengths.
 *
 * @throws UsageError where there are fewer training rows than neighbours, or a bandwidth that is not above 0
 */
export async function neighbourScores(
  executor: Executor,
  training: Float32Array,
  rows: Float32Array,
  width: number,
  { k, bandwidth, leaveOneOut = false }: NeighbourOptions,
): Promise<NeighbourScores> {
  const [count, of] = [rows.length / width, training.length / width];
  const others = of - Number(leaveOneOut);
  if (!Number.isInteger(k) || k < 1 || k > others)
    throw new UsageError(`k = ${k}: expected a neighbour from 1 to ${others}, the other training rows`);
  if (!(bandwidth > 0)) throw new UsageError(`bandwidth ${bandwidth}: expected a positive number`);
  const sizes = { rows: Math.min(BLOCK.rows, count), training: Math.min(BLOCK.training, of) };
  const spec = (size: number): ArraySpec => new ArraySpec([size, width], np.float32);
  const program = await executor.compile(squaredDistances, [spec(sizes.rows), spec(sizes.training)], {
    name: "distances",
  });
  const distance = new Float64Array(count);
  const kernel = new Float64Array(count);
  try {
    for (let from = 0; from < count; from += sizes.rows) {
      const here = Math.min(sizes.rows, count - from);
      const tallies = Array.from({ length: here }, () => rowTally(k, bandwidth));
      const block = blockOf(rows, width, from, sizes.rows);
      for (let at = 0; at < of; at += sizes.training) {
        const result = await program.run([block, blockOf(training, width, at, sizes.training)]);
        const { data } = (await executor.fetch(result)) as HostArray;
        executor.release(result);
        const there = Math.min(sizes.training, of - at);
        tallies.forEach((tally, i) => {
          const own = leaveOneOut ? from + i - at : -1;
          for (let j = 0; j < there; j++) if (j !== own) tally.add(data[i * sizes.training + j]!);
        });
      }
      tallies.forEach((tally, i) => {
        distance[from + i] = Math.sqrt(tally.kth());
        kernel[from + i] = Math.log(others) - tally.logSum();
      });
    }
  } finally {
    await program.dispose();
  }
  return { distance, kernel };
}

/** Rows from one on, with zeros behind the last: all blocks have one size. */
function blockOf(rows: Float32Array, width: number, from: number, size: number): HostArray {
  const part = rows.subarray(from * width, (from + size) * width);
  if (part.length === size * width) return new HostArray(part, [size, width], np.float32);
  const padded = new Float32Array(size * width);
  padded.set(part);
  return new HostArray(padded, [size, width], np.float32);
}

/** The k smallest squared distances, and the logarithm of the sum of kernels, of one row. */
function rowTally(k: number, bandwidth: number) {
  const nearest = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
  const scale = -1 / (2 * bandwidth ** 2);
  let [most, sum] = [Number.NEGATIVE_INFINITY, 0];
  return {
    add(squared: number): void {
      const d = Math.max(0, squared);
      const log = scale * d;
      if (log > most) {
        sum = sum * Math.exp(most - log) + 1;
        most = log;
      } else sum += Math.exp(log - most);
      if (d >= nearest[k - 1]!) return;
      let place = k - 1;
      for (; place > 0 && nearest[place - 1]! > d; place--) nearest[place] = nearest[place - 1]!;
      nearest[place] = d;
    },
    kth: (): number => nearest[k - 1]!,
    logSum: (): number => most + Math.log(sum),
  };
}
