/** Codes 0, 1, … of some columns, [count, columns], and how many values each has. */
export type CodedRows = Readonly<{ codes: Int32Array; count: number; sizes: readonly number[] }>;

/** Rows that a column counts for beyond those that it has. */
const PRIOR = 1;

/** Rows that a value of the other column counts for beyond those that it has, and what each pair adds to them: what predicts each row best from the others. */
const SHARED = [0.5, 1, 2, 4, 8, 16, 32, 64];
const ADDED = [0, 0.4, 0.8];

/** The column that each depends on, −1 for none, and log P(value | value of that column): [size of that column, size], or [1, size]. */
export type DependenceTree = readonly Readonly<{ parent: number; logs: Float64Array }>[];

/**
 * The tree of columns, in which each depends on one other at most, that makes rows likeliest. Values that are rare beside a
 * value of the other column have about their share in all rows, or in the other column's values beside which they occur.
 *
 * Source: Chow and Liu 1968, Approximating discrete probability distributions with dependence trees; Teh 2006, A hierarchical
 * Bayesian language model based on Pitman-Yor processes.
 */
export function dependenceTree(rows: CodedRows): DependenceTree {
  const { sizes, count } = rows;
  const singles = sizes.map((_, i) => countedPairs(rows, undefined, i));
  return parentsOf(rows, singles).map((parent, i) => {
    const own = singles[i] as Float64Array;
    if (parent < 0) return { parent, logs: own.map((seen) => Math.log(shareOf(seen, count, own.length))) };
    return { parent, logs: conditionalLogs(countedPairs(rows, parent, i), own) };
  });
}

const shareOf = (seen: number, count: number, size: number): number =>
  (seen + PRIOR / size) / (count + PRIOR);

/** log P(value | value of the other column), of counted pairs [size of the other column, size]. */
function conditionalLogs(pairs: Float64Array, own: Float64Array): Float64Array {
  const size = own.length;
  const rows = own.reduce((sum, seen) => sum + seen, 0);
  /** By value of the other column rows and how many values these have, by value how many of the other column. */
  const before = new Float64Array(pairs.length / size);
  const [kinds, beside] = [before.slice(), new Float64Array(size)];
  for (const [at, seen] of pairs.entries()) {
    before[Math.floor(at / size)]! += seen;
    kinds[Math.floor(at / size)]! += Number(seen > 0);
    beside[at % size]! += Number(seen > 0);
  }
  const all = beside.reduce((sum, other) => sum + other, 0);
  const fits = SHARED.flatMap((prior) =>
    ADDED.flatMap((less) => [true, false].map((byRows) => ({ prior, less, byRows }))),
  );
  /** Without a row of this pair, where `out` is 1. */
  const logOf = (at: number, { prior, less, byRows }: (typeof fits)[number], out = 0): number => {
    const [a, seen] = [Math.floor(at / size), pairs[at]! - out];
    const last = out === 1 && seen === 0 ? 1 : 0; // no such pair is left
    const share = byRows
      ? shareOf(own[at % size]!, rows, size)
      : shareOf(beside[at % size]! - last, all - last, size);
    const others = prior + less * (kinds[a]! - last);
    return Math.log((Math.max(seen - less, 0) + others * share) / (before[a]! - out + prior));
  };
  const scores = fits.map((fit) =>
    pairs.reduce((sum, seen, at) => (seen > 0 ? sum + seen * logOf(at, fit, 1) : sum), 0),
  );
  const best = fits[scores.indexOf(Math.max(...scores))]!;
  return pairs.map((_, at) => logOf(at, best));
}

/** Rows by the value of column i, and of column j before it. */
function countedPairs({ codes, count, sizes }: CodedRows, j: number | undefined, i: number): Float64Array {
  const n = sizes.length;
  const size = sizes[i] as number;
  const found = new Float64Array(size * (j === undefined ? 1 : (sizes[j] as number)));
  for (let at = 0; at < count * n; at += n) {
    const before = j === undefined ? 0 : (codes[at + j] as number);
    found[before * size + (codes[at + i] as number)]! += 1;
  }
  return found;
}

/** The heaviest edges by mutual information, less what independent columns have (Prim's algorithm). */
function parentsOf(rows: CodedRows, singles: readonly Float64Array[]): number[] {
  const parents = rows.sizes.map(() => -1);
  const nearest = rows.sizes.map(() => ({ column: -1, gain: 0 }));
  const left = new Set(rows.sizes.keys());
  const gainOf = (i: number): number => nearest[i]?.gain ?? 0;
  while (left.size > 0) {
    const next = [...left].reduce((a, b) => (gainOf(b) > gainOf(a) ? b : a));
    left.delete(next);
    parents[next] = nearest[next]?.column ?? -1;
    for (const i of left) {
      const own = [singles[next], singles[i]] as [Float64Array, Float64Array];
      const gain = information(countedPairs(rows, next, i), ...own, rows.count);
      if (gain > gainOf(i)) nearest[i] = { column: next, gain };
    }
  }
  return parents;
}

/** Mutual information in nats, less its expectation for independent columns. */
function information(pairs: Float64Array, a: Float64Array, b: Float64Array, count: number): number {
  const values = (all: Float64Array): number => all.reduce((sum, seen) => sum + Number(seen > 0), 0);
  const chance = ((values(a) - 1) * (values(b) - 1)) / (2 * count);
  return pairs.reduce((sum, both, at) => {
    if (both === 0) return sum;
    const [own = 0, other = 0] = [a[Math.floor(at / b.length)], b[at % b.length]];
    return sum + (both / count) * Math.log((both * count) / (own * other));
  }, -chance);
}
