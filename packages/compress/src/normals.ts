import { type BitStack, TOTAL } from "./bit-stack.js";
import { exp, normalCdf } from "./exact-functions.js";
import { expectOnGrid, UNIT } from "./grid.js";
import { popUniform, pushUniform } from "./uniform.js";

/** Cells to a standard deviation, at least; inside of a cell the density counts as constant, which costs 4e-5 nats. */
const PER_STD = 32;
/** Cells reach this many standard deviations to both sides. What lies beyond is written out. */
const REACH = 12;
/** Numbers beyond the reach are written in two parts: what is below 2³⁸, and the multiple of it. */
const LOW = 2 ** 38;
const MULTIPLES = 2 ** 16;

/** The cells of N(mean, std²) on the grid: 2^c grid points each, the first symbol for numbers beyond them. */
type Cells = Readonly<{ size: number; first: number; count: number; edge(j: number): number }>;

function cellsOf(mean: number, std: number): Cells {
  const [centre, spread] = [expectOnGrid(mean / UNIT), expectOnGrid(Math.max(std / UNIT, 1))];
  let size = 1;
  while (2 * size * PER_STD <= spread) size *= 2;
  const first = Math.floor((centre - REACH * spread) / size);
  const count = Math.ceil((2 * REACH * spread) / size) + 1;
  const share = TOTAL - count - 1;
  return {
    size,
    first,
    count,
    // symbol 0, of count 1, means a number beyond the reach
    edge: (j) =>
      j === count ? TOTAL : 1 + j + Math.floor(share * normalCdf(((first + j) * size - centre) / spread)),
  };
}

/** Pushes a number on the grid under N(mean, std²): −log₂ of its density times the unit. */
export function pushNormal(bits: BitStack, value: number, mean: number, std: number): void {
  const { size, first, count, edge } = cellsOf(mean, std);
  const cell = Math.floor(value / size);
  const j = cell - first;
  if (j < 0 || j >= count) {
    const multiple = Math.floor(value / LOW);
    pushUniform(bits, value - multiple * LOW, LOW);
    pushUniform(bits, multiple + MULTIPLES / 2, MULTIPLES);
    bits.push(0, edge(0));
    return;
  }
  pushUniform(bits, value - cell * size, size);
  const start = edge(j);
  bits.push(start, edge(j + 1) - start);
}

/** Pops what `pushNormal` pushed; from other bits, a sample. */
export function popNormal(bits: BitStack, mean: number, std: number): number {
  const { size, first, count, edge } = cellsOf(mean, std);
  const place = bits.peek();
  if (place < edge(0)) {
    bits.pop(0, edge(0));
    const multiple = popUniform(bits, MULTIPLES) - MULTIPLES / 2;
    return multiple * LOW + popUniform(bits, LOW);
  }
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (edge(middle) <= place) low = middle;
    else high = middle;
  }
  const start = edge(low);
  bits.pop(start, edge(low + 1) - start);
  return (first + low) * size + popUniform(bits, size);
}

/** Numbers on the grid, each under its own density, by place. */
export type NumberCoder = Readonly<{
  push: (bits: BitStack, value: number, i: number) => void;
  pop: (bits: BitStack, i: number) => number;
}>;

/** Mixtures of K normals for N numbers: weights [K, m], which repeat where m < N, means and stds [K, N]. */
export type Normals = Readonly<{
  weights: ArrayLike<number>;
  means: ArrayLike<number>;
  stds: ArrayLike<number>;
}>;

/** Where the K choices begin in [0, TOTAL), by their unnormalized weights; and the end. */
export function startsOf(weights: readonly number[]): number[] {
  const share = TOTAL - weights.length;
  const sum = weights.reduce((a, b) => a + b, 0);
  let before = 0;
  const starts = weights.map((w, k) => {
    const start = k + Math.floor(share * Math.min(before / sum, 1));
    before += w;
    return start;
  });
  return [...starts, TOTAL];
}

export function popChoice(bits: BitStack, starts: readonly number[]): number {
  const place = bits.peek();
  let k = 0;
  while (starts[k + 1]! <= place) k++;
  bits.pop(starts[k]!, starts[k + 1]! - starts[k]!);
  return k;
}

export const pushChoice = (bits: BitStack, starts: readonly number[], k: number): void =>
  bits.push(starts[k]!, starts[k + 1]! - starts[k]!);

/** Numbers of a mixture by bits back: a component from the posterior is popped, the number and the component are pushed. */
export function normalsCoder(
  { weights, means, stds }: Normals,
  N: number,
  place = (i: number): number => i,
): NumberCoder {
  const K = means.length / N;
  const m = weights.length / K;
  const own = Array.from({ length: K }, (_, k) => k);
  const prior = (i: number): number[] => own.map((k) => weights[k * m + (i % m)]!);
  const posterior = (i: number, value: number): number[] => {
    const logs = own.map((k) => -0.5 * ((value * UNIT - means[k * N + i]!) / stds[k * N + i]!) ** 2);
    const top = Math.max(...logs);
    return own.map((k) => (weights[k * m + (i % m)]! / stds[k * N + i]!) * exp(logs[k]! - top));
  };
  const [mean, std] = [
    (k: number, i: number) => means[k * N + i]!,
    (k: number, i: number) => stds[k * N + i]!,
  ];
  return {
    push(bits: BitStack, value: number, at: number): void {
      const i = place(at);
      if (K === 1) {
        pushNormal(bits, value, mean(0, i), std(0, i));
        return;
      }
      const k = popChoice(bits, startsOf(posterior(i, value)));
      pushNormal(bits, value, mean(k, i), std(k, i));
      pushChoice(bits, startsOf(prior(i)), k);
    },
    pop(bits: BitStack, at: number): number {
      const i = place(at);
      if (K === 1) return popNormal(bits, mean(0, i), std(0, i));
      const k = popChoice(bits, startsOf(prior(i)));
      const value = popNormal(bits, mean(k, i), std(k, i));
      pushChoice(bits, startsOf(posterior(i, value)), k);
      return value;
    },
  };
}
