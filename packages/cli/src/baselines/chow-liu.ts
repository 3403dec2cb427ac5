/** Codes 0, 1, … of some columns, [count, columns], and how many values each has. */
export type CodedRows = Readonly<{ codes: Int32Array; count: number; sizes: readonly number[] }>;

/** Rows that each pair of values counts for beyond those that it has, together. */
const PRIOR = 1;

/**
 * The tree of columns in which each depends on one other, that makes rows likeliest; −log p of each row. A pair of values
 * that training lacks has a share of one row.
 *
 * Source: Chow and Liu 1968, Approximating discrete probability distributions with dependence trees.
 */
export function chowLiuBaseline(train: CodedRows, test: CodedRows): Float64Array {
  const { sizes } = train;
  const n = sizes.length;
  const singles = sizes.map((_, i) => counted(train, i));
  const parent = treeOf(train, singles);
  const pairs = parent.map((j, i) => (j < 0 ? undefined : countedPairs(train, j, i)));
  return Float64Array.from({ length: test.count }, (_, row) => {
    let nll = 0;
    for (let i = 0; i < n; i++) {
      const code = test.codes[row * n + i]!;
      const size = sizes[i]!;
      const own = (singles[i]![code]! + PRIOR / size) / (train.count + PRIOR);
      const j = parent[i]!;
      if (j < 0) nll -= Math.log(own);
      else {
        const before = test.codes[row * n + j]!;
        // pairs that are rare fall back on the column alone
        nll -= Math.log((pairs[i]![before * size + code]! + PRIOR * own) / (singles[j]![before]! + PRIOR));
      }
    }
    return nll;
  });
}

function counted({ codes, count, sizes }: CodedRows, i: number): Float64Array {
  const found = new Float64Array(sizes[i]!);
  for (let row = 0; row < count; row++) found[codes[row * sizes.length + i]!]!++;
  return found;
}

function countedPairs({ codes, count, sizes }: CodedRows, j: number, i: number): Float64Array {
  const found = new Float64Array(sizes[j]! * sizes[i]!);
  const n = sizes.length;
  for (let row = 0; row < count; row++) found[codes[row * n + j]! * sizes[i]! + codes[row * n + i]!]!++;
  return found;
}

/** The column that each depends on, −1 for those that begin a tree: the heaviest edges by mutual information, less what independent columns have. */
function treeOf(rows: CodedRows, singles: readonly Float64Array[]): number[] {
  const { count, sizes } = rows;
  const n = sizes.length;
  const parent = new Array<number>(n).fill(-1);
  const nearest = new Array<number>(n).fill(-1);
  const weight = new Float64Array(n);
  const left = new Set(sizes.keys());
  while (left.size > 0) {
    const next = [...left].reduce((a, b) => (weight[b]! > weight[a]! ? b : a));
    left.delete(next);
    parent[next] = weight[next]! > 0 ? nearest[next]! : -1;
    for (const i of left) {
      const gain = information(countedPairs(rows, next, i), singles[next]!, singles[i]!, count);
      if (gain > weight[i]!) [weight[i], nearest[i]] = [gain, next];
    }
  }
  return parent;
}

/** Mutual information in nats, less its expectation for independent columns. */
function information(pairs: Float64Array, a: Float64Array, b: Float64Array, count: number): number {
  let sum = 0;
  let [rows, columns] = [0, 0];
  for (const [x, own] of a.entries()) {
    if (own > 0) rows++;
    for (const [y, other] of b.entries()) {
      const both = pairs[x * b.length + y]!;
      if (both > 0) sum += (both / count) * Math.log((both * count) / (own * other));
    }
  }
  for (const other of b) if (other > 0) columns++;
  return sum - ((rows - 1) * (columns - 1)) / (2 * count);
}
