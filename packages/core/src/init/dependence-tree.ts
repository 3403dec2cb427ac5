/** Codes 0, 1, … of some columns, [count, columns], and how many values each has. */
export type CodedRows = Readonly<{ codes: Int32Array; count: number; sizes: readonly number[] }>;

/** Rows that a column counts for beyond those that it has. */
const PRIOR = 1;

/** Rows with the shares of all that a value of the other column may count for: what predicts each row best from the others. */
const SHARED = [0.5, 1, 2, 4, 8, 16, 32, 64];

/** The column that each depends on, −1 for none, and log P(value | value of that column): [size of that column, size], or [1, size]. */
export type DependenceTree = readonly Readonly<{ parent: number; logs: Float64Array }>[];

/**
 * The tree of columns, in which each depends on one other at most, that makes rows likeliest. Values that are rare beside a
 * value of the other column have about their share in all rows.
 *
 * Source: Chow and Liu 1968, Approximating discrete probability distributions with dependence trees.
 */
export function dependenceTree(rows: CodedRows): DependenceTree {
  const { sizes, count } = rows;
  const singles = sizes.map((_, i) => countedPairs(rows, undefined, i));
  return parentsOf(rows, singles).map((parent, i) => {
    const [size, own] = [sizes[i] as number, singles[i] as Float64Array];
    const shares = own.map((seen) => (seen + PRIOR / size) / (count + PRIOR));
    if (parent < 0) return { parent, logs: shares.map(Math.log) };
    const before = singles[parent] as Float64Array;
    const pairs = countedPairs(rows, parent, i);
    const logOf = (seen: number, at: number, prior: number, without = 0): number =>
      Math.log(
        (seen - without + prior * shares[at % size]!) / (before[Math.floor(at / size)]! - without + prior),
      );
    const fit = SHARED.map((prior) =>
      pairs.reduce((sum, seen, at) => (seen > 0 ? sum + seen * logOf(seen, at, prior, 1) : sum), 0),
    );
    const prior = SHARED[fit.indexOf(Math.max(...fit))]!;
    return { parent, logs: pairs.map((seen, at) => logOf(seen, at, prior)) };
  });
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
