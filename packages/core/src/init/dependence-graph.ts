import { type CodedRows, contextsOf, type Family, FEW_SMOOTHINGS, familyOf } from "./value-family.js";

/**
 * The columns that one depends on, log P(value | value of the first of these), [its size, size] or [1, size], and what more of their
 * values add to that: the values of the first columns, the logarithms [size].
 */
export type Dependence = Readonly<{
  parents: readonly number[];
  logs: Float64Array;
  contexts: readonly Readonly<{ values: readonly number[]; logs: Float64Array }>[];
}>;

/** Most columns that one depends on, most that are tried for each, and two at once; rows that are looked at. */
const MOST_PARENTS = 3;
const MOST_TRIED = 16;
const MOST_PAIRED = 8;
const MOST_ROWS = 3000;

/** Nats that all columns that one depends on have to bring, each of them in the search, and all changes of the tree; most changes. */
const LEAST_GAIN = { alone: 4, each: 10, all: 20 } as const;
const MOST_STEPS = 400;

/**
 * For each column the others that it depends on, in no circle, and the probabilities of its values given theirs. With `most` of 0 it
 * depends on one at most: the tree that makes rows likeliest. Otherwise edges of the tree are changed, as long as rows that are
 * predicted from the others become likelier. Then a column has its own probabilities beside up to `most` pairs and triples of values,
 * those of most rows. The first `given` columns depend on none.
 *
 * Source: Chow and Liu 1968, Approximating discrete probability distributions with dependence trees; Koller and Friedman 2009,
 * Probabilistic Graphical Models, section 18.4, for the search.
 */
export function dependenceGraph(rows: CodedRows, most = 0, given = 0): Dependence[] {
  const tree = parentsOf(rows, given).map((parent) => (parent < 0 ? [] : [parent]));
  const some = { ...rows, count: Math.min(rows.count, MOST_ROWS) };
  const parents = most > 0 ? climbed(some, tree, given) : tree;
  const families = parents.map((own, i) => {
    const [alone, given] = [familyOf(rows, i, []), familyOf(rows, i, own)];
    return given.log - alone.log > LEAST_GAIN.alone ? given : alone;
  });
  return families.map((family) => dependence(rows, family, leastRows(family, most)));
}

/** Fewest rows of a context of two columns or more so that there are not too many. */
function leastRows({ levels }: Family, most: number): number {
  const counts = levels.slice(2).flatMap(({ contexts }) => contexts.rows);
  const next = counts.toSorted((a, b) => b - a)[most];
  return next === undefined ? 1 : next + 1;
}

function dependence(rows: CodedRows, family: Family, least: number): Dependence {
  const { parents, column } = family;
  const [n, size] = [rows.sizes.length, rows.sizes[column]!];
  const [none, ...others] = contextsOf(rows, family, least);
  const valuesOf = (row: number, level: number): number[] =>
    parents.slice(0, level).map((parent) => rows.codes[row * n + parent]!);
  const logs = new Float64Array((parents.length > 0 ? rows.sizes[parents[0]!]! : 1) * size);
  for (let at = 0; at < logs.length; at += size) logs.set(none!.shares.map(Math.log), at);
  for (const { level, row, shares } of others)
    if (level === 1) logs.set(shares.map(Math.log), valuesOf(row, 1)[0]! * size);
  const contexts = others.flatMap(({ level, row, shares, before }) =>
    level < 2
      ? []
      : [{ values: valuesOf(row, level), logs: shares.map((share, k) => Math.log(share / before[k]!)) }],
  );
  return { parents, logs, contexts };
}

/** Columns that each depends on, changed step by step: edges are added, left out, turned round, or exchanged. */
function climbed(rows: CodedRows, tree: readonly number[][], given: number): readonly number[][] {
  const parents = tree.slice();
  const known = new Map<string, number>();
  const scoreOf = (i: number, own: readonly number[]): number => {
    const key = `${i}:${own.join()}`;
    const found = known.get(key) ?? familyOf(rows, i, own, FEW_SMOOTHINGS).log - LEAST_GAIN.each * own.length;
    known.set(key, found);
    return found;
  };
  const tried = parents.map((_, i) =>
    Array.from(i < given ? [] : parents.keys())
      .filter((j) => j !== i)
      .map((j) => ({ j, score: scoreOf(i, [j]) }))
      .toSorted((a, b) => b.score - a.score)
      .slice(0, MOST_TRIED)
      .map(({ j }) => j),
  );
  for (let step = 0; step < MOST_STEPS; step++) {
    let best = { gain: 1e-6, changes: [] as [number, number[]][] };
    const consider = (...changes: [number, number[]][]): void => {
      const gain = changes.reduce((sum, [i, own]) => sum + scoreOf(i, own) - scoreOf(i, parents[i]!), 0);
      if (gain <= best.gain) return;
      const before = changes.map(([i]) => [i, parents[i]!] as const);
      for (const [i, own] of changes) parents[i] = own;
      if (changes.every(([i]) => !isInCircle(parents, i))) best = { gain, changes };
      for (const [i, own] of before) parents[i] = own;
    };
    for (const [i, own] of parents.entries()) {
      const others = tried[i]!.filter((j) => !own.includes(j));
      if (own.length < MOST_PARENTS) for (const j of others) consider([i, [...own, j]]);
      for (const j of own) {
        const less = own.filter((each) => each !== j);
        consider([i, less]);
        for (const other of others) consider([i, [...less, other]]);
        if (j >= given && parents[j]!.length < MOST_PARENTS) consider([i, less], [j, [...parents[j]!, i]]);
      }
    }
    if (best.changes.length === 0)
      for (const [i, own] of parents.entries()) {
        if (own.length + 1 >= MOST_PARENTS) continue;
        const others = tried[i]!.filter((j) => !own.includes(j)).slice(0, MOST_PAIRED);
        for (const [at, j] of others.entries()) // one of two may bring nothing without the other
          for (const other of others.slice(0, at)) consider([i, [...own, other, j]]);
      }
    if (best.changes.length === 0) break;
    for (const [i, own] of best.changes) parents[i] = own;
  }
  const gain = parents.reduce((sum, own, i) => sum + scoreOf(i, own) - scoreOf(i, tree[i]!), 0);
  return gain > LEAST_GAIN.all ? parents : tree;
}

/** Whether a column depends on itself. */
function isInCircle(parents: readonly (readonly number[])[], column: number): boolean {
  const before = new Set(parents[column]);
  for (const each of before) for (const parent of parents[each]!) before.add(parent);
  return before.has(column);
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
function parentsOf(rows: CodedRows, given: number): number[] {
  const singles = rows.sizes.map((_, i) => countedPairs(rows, undefined, i));
  const parents = rows.sizes.map(() => -1);
  const nearest = rows.sizes.map(() => ({ column: -1, gain: 0 }));
  const left = new Set(rows.sizes.keys());
  const gainOf = (i: number): number => nearest[i]?.gain ?? 0;
  while (left.size > 0) {
    const next = [...left].reduce((a, b) => (a >= given && gainOf(b) > gainOf(a) ? b : a));
    left.delete(next);
    parents[next] = next < given ? -1 : (nearest[next]?.column ?? -1);
    for (const i of left) {
      if (i < given) continue;
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
