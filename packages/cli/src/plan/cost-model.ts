/** Milliseconds of an Allreduce of so many bytes. */
export type Timed = Readonly<{ bytes: number; ms: number }>;

/** A network between ranks: milliseconds a message takes, and milliseconds a byte takes beyond that. */
export type Network = Readonly<{ alphaMs: number; betaMs: number }>;

/** Messages that follow each other, and the part of the bytes that each rank sends, in an Allreduce of so many ranks. */
const rounds = (ranks: number): number => 2 * Math.ceil(Math.log2(ranks));
const sent = (ranks: number): number => (2 * (ranks - 1)) / ranks;

/**
 * Milliseconds of an Allreduce in the α–β model:
 *
 *     t = 2 ⌈log₂ P⌉ · α + 2 (P − 1) / P · bytes · β
 *
 * the cost of a reduce-scatter and an allgather (Thakur, Rabenseifner and Gropp 2005). The additions are part of β.
 */
export const allreduceMs = ({ alphaMs, betaMs }: Network, ranks: number, bytes: number): number =>
  ranks === 1 ? 0 : rounds(ranks) * alphaMs + sent(ranks) * bytes * betaMs;

/**
 * α and β from Allreduces of several sizes between so many ranks: least squares of relative errors, both at least 0.
 * Needs two sizes or more, and two ranks or more.
 */
export function fitNetwork(timed: readonly Timed[], ranks: number): Network {
  const weighted = timed.map(({ bytes, ms }) => ({ a: rounds(ranks) / ms, b: (sent(ranks) * bytes) / ms }));
  const sum = (of: (each: { a: number; b: number }) => number): number =>
    weighted.reduce((total, each) => total + of(each), 0);
  const [aa, ab, bb] = [sum(({ a }) => a * a), sum(({ a, b }) => a * b), sum(({ b }) => b * b)];
  const [ra, rb] = [sum(({ a }) => a), sum(({ b }) => b)];
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
  allreduceMs: number;
  stepMs: number;
  examplesPerSecond: number;
}>;

/** The step of a batch from what is measured and modelled; sums begin when the gradient is complete, so nothing overlaps. */
export function planStep(
  batch: number,
  { ranks, computeMs, allreduceMs }: Pick<PlannedStep, "ranks" | "computeMs" | "allreduceMs">,
): PlannedStep {
  const stepMs = computeMs + allreduceMs;
  return { ranks, computeMs, allreduceMs, stepMs, examplesPerSecond: (1000 * batch) / stepMs };
}
