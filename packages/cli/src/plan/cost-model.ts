/** Milliseconds of a sum to owners and its spread back, in each of which no link carries more than so many bytes one way. */
export type Timed = Readonly<{ bytes: number; ms: number }>;

/** A network between ranks: milliseconds a message takes, and milliseconds a byte takes beyond that. */
export type Network = Readonly<{ alphaMs: number; betaMs: number }>;

/** Messages of a step beside those of the sums: the command of rank 0, loss and norm, departure of orthogonal matrices. */
const SMALL_MESSAGES = 3;

const bytesOf = (numbers: number): number => Float32Array.BYTES_PER_ELEMENT * numbers;

/**
 * Bytes that the busiest link carries one way in each half of the exchange, where each rank owns so many numbers. To sum up, a
 * rank sends what others own, and receives from each of them what it owns; to spread, the other way round.
 */
export function busiestBytes(owned: readonly number[]): number {
  const all = owned.reduce((sum, each) => sum + each, 0);
  return bytesOf(Math.max(...owned.map((own) => Math.max((owned.length - 1) * own, all - own))));
}

/**
 * Milliseconds of the two halves in the α–β model:
 *
 *     t = 2 (α + bytes · β)
 *
 * the cost of a reduce-scatter and an allgather whose messages are on their way at the same time (Thakur, Rabenseifner
 * and Gropp 2005). The additions are part of β.
 */
export const sumsMs = ({ alphaMs, betaMs }: Network, bytes: number): number => 2 * (alphaMs + bytes * betaMs);

/**
 * α and β from the times of several sizes, two or more; both at least 0. Least squares of errors with a variance in proportion
 * to the time: the largest sums count most, and the smallest still fix α.
 */
export function fitNetwork(timed: readonly Timed[]): Network {
  const weighted = timed.map(({ bytes, ms }) => {
    const root = Math.sqrt(ms);
    return { a: 2 / root, b: (2 * bytes) / root, root };
  });
  const sum = (of: (each: { a: number; b: number; root: number }) => number): number =>
    weighted.reduce((total, each) => total + of(each), 0);
  const [aa, ab, bb] = [sum(({ a }) => a * a), sum(({ a, b }) => a * b), sum(({ b }) => b * b)];
  const [ra, rb] = [sum(({ a, root }) => a * root), sum(({ b, root }) => b * root)];
  const determinant = aa * bb - ab * ab;
  const [alphaMs, betaMs] = [(ra * bb - rb * ab) / determinant, (aa * rb - ab * ra) / determinant];
  if (alphaMs < 0) return { alphaMs: 0, betaMs: rb / bb };
  if (betaMs < 0) return { alphaMs: ra / aa, betaMs: 0 };
  return { alphaMs, betaMs };
}

/** A step with so many ranks: what a rank computes, what it waits for, and examples a second of all together. */
export type PlannedStep = Readonly<{
  ranks: number;
  computeMs: number;
  sumsMs: number;
  stepMs: number;
  examplesPerSecond: number;
}>;

/** What the ranks of a job compute, and how they share cores. */
type Computing = Readonly<{
  ranks: number;
  /** The part of a rank, with all ranks of the job at work. */
  computeMs: number;
  /** Numbers that each rank owns. */
  owned: readonly number[];
  /** How much longer that takes than with the other ranks at rest: 1 where each rank has its own cores. Default 1. */
  crowding?: number;
}>;

/**
 * The step of a batch from the measured compute time C and the modelled messages M of several ranks; without a network that of
 * one rank. Sums begin when the gradient is complete, so a rank waits for them after its part. Where ranks share
 * cores, one computes while another waits, and a step is no shorter than the work of the cores:
 *
 *     t = max(C, C / crowding + M)
 */
export function planStep(
  batch: number,
  { ranks, computeMs, owned, crowding = 1 }: Computing,
  network?: Network,
): PlannedStep {
  const ofSums = network ? sumsMs(network, busiestBytes(owned)) : 0;
  const messages = ofSums + SMALL_MESSAGES * (network?.alphaMs ?? 0);
  const stepMs = Math.max(computeMs, computeMs / crowding + messages);
  return { ranks, computeMs, sumsMs: ofSums, stepMs, examplesPerSecond: (1000 * batch) / stepMs };
}
