/** Codes 0, 1, … of some columns, [count, columns], and how many values each has. */
export type CodedRows = Readonly<{ codes: Int32Array; count: number; sizes: readonly number[] }>;

/** Rows that a value counts for beyond those that it has. */
const PRIOR = 1;

/** So many rows, and a part of a row for each value that occurs, have the shares of the context before; without any, those of rows or of contexts. */
type Smoothing = Readonly<{ rows: number; each: number; byRows: boolean }>;

const SMOOTHINGS: readonly Smoothing[] = [0.5, 1, 2, 4, 8, 16, 32, 64].flatMap((rows) =>
  [0, 0.4, 0.8].flatMap((each) => [true, false].map((byRows) => ({ rows, each, byRows }))),
);

/** Those that columns are compared by. */
export const FEW_SMOOTHINGS = SMOOTHINGS.filter(
  ({ rows, each, byRows }) => byRows && (rows === 1 || rows === 8) && each < 0.8,
);

/** Rows with the same values in some columns: the group of each row, and of each group how many rows it has, and one of them. */
type Groups = Readonly<{ of: Int32Array; rows: number[]; one: number[] }>;

/** Rows by their context, which is what others have, and by that and their own value; how many values each context has. */
type Level = Readonly<{ contexts: Groups; cells: Groups; kinds: Float64Array }>;

/** A column given others: rows by none of these, by the first one, by the first two …; what smooths them best, and Σ log p, each row predicted from the others. */
export type Family = Readonly<{
  column: number;
  parents: readonly number[];
  levels: readonly Level[];
  best: Smoothing;
  log: number;
}>;

/** P(value | context), that of the context without the last column, and one of the rows. */
export type Context = Readonly<{ level: number; row: number; shares: Float64Array; before: Float64Array }>;

/**
 * Counts of a column's values given those of others. A rare value has about its share in the context without the last column; what
 * predicts each row best from the others is taken.
 *
 * Source: Teh 2006, A hierarchical Bayesian language model based on Pitman-Yor processes.
 */
export function familyOf(
  rows: CodedRows,
  column: number,
  parents: readonly number[],
  smoothings = SMOOTHINGS,
): Family {
  let contexts: Groups = { of: new Int32Array(rows.count), rows: [rows.count], one: [0] };
  const levels = [column, ...parents].map((parent, i): Level => {
    if (i > 0) contexts = divided(contexts, rows, parent);
    const cells = divided(contexts, rows, column);
    const kinds = new Float64Array(contexts.rows.length);
    for (const row of cells.one) kinds[contexts.of[row]!]!++;
    return { contexts, cells, kinds };
  });
  const size = rows.sizes[column]!;
  const fits = (parents.length > 0 ? smoothings : smoothings.slice(0, 1)).map((best) => ({
    best,
    log: predicted(levels, size, best),
  }));
  return { column, parents, levels, ...fits.reduce((a, b) => (b.log > a.log ? b : a)) };
}

/** Groups of which each is divided by the values of one more column. */
function divided(groups: Groups, { codes, count, sizes }: CodedRows, column: number): Groups {
  const [n, size] = [sizes.length, sizes[column]!];
  const of = new Int32Array(count);
  const rows: number[] = [];
  const one: number[] = [];
  const dense = groups.rows.length * size <= 4 * count + 1024;
  const known: { [key: number]: number } = dense ? new Int32Array(groups.rows.length * size) : {};
  for (let row = 0; row < count; row++) {
    const key = groups.of[row]! * size + codes[row * n + column]!;
    let group = (known[key] || 0) - 1; // 0 is none
    if (group < 0) {
      group = rows.push(0) - 1;
      one.push(row);
      known[key] = group + 1;
    }
    of[row] = group;
    rows[group]!++;
  }
  return { of, rows, one };
}

/** P(value) without a context, of so many rows or contexts that have it among all. */
const shareOf = (seen: number, all: number, size: number): number => (seen + PRIOR / size) / (all + PRIOR);

/** P(value) in a context that has seen it so often, in so many rows of so many kinds, from that of the context before. */
const smoothed = (seen: number, rows: number, kinds: number, before: number, own: Smoothing): number =>
  (Math.max(seen - own.each, 0) + (own.rows + own.each * kinds) * before) / (rows + own.rows);

/** Σ log p of the rows, each predicted from all others. */
function predicted(levels: readonly Level[], size: number, own: Smoothing): number {
  const [none, first] = levels as [Level, Level?];
  const { one, rows } = levels.at(-1)!.cells;
  const all = none.contexts.rows[0]!;
  const beside = own.byRows ? undefined : besideOf(levels);
  let total = 0;
  for (const [cell, row] of one.entries()) {
    const value = none.cells.of[row]!;
    const last = first?.cells.rows[first.cells.of[row]!] === 1 ? 1 : 0; // no context has the value without this row
    let p = beside
      ? shareOf(beside[value]! - last, first!.cells.one.length - last, size)
      : shareOf(none.cells.rows[value]! - 1, all - 1, size);
    for (let l = 1; l < levels.length; l++) {
      const { contexts, cells, kinds } = levels[l]!;
      const context = contexts.of[row]!;
      const others = cells.rows[cells.of[row]!]! - 1;
      p = smoothed(others, contexts.rows[context]! - 1, kinds[context]! - Number(others === 0), p, own);
    }
    total += rows[cell]! * Math.log(p);
  }
  return total;
}

/** By value, in how many of the contexts of the first column it occurs. */
function besideOf([none, first]: readonly Level[]): Float64Array {
  const beside = new Float64Array(none!.cells.one.length);
  for (const row of first?.cells.one ?? []) beside[none!.cells.of[row]!]!++;
  return beside;
}

/** P(value | context) of the contexts of at least so many rows: first that of no column, then those of the first column. */
export function contextsOf(rows: CodedRows, { column, levels, best }: Family, least: number): Context[] {
  const [n, size] = [rows.sizes.length, rows.sizes[column]!];
  const codeOf = (row: number): number => rows.codes[row * n + column]!;
  const [none, first] = levels as [Level, Level?];
  const counts = new Float64Array(size);
  const beside = best.byRows || !first ? undefined : besideOf(levels);
  for (const [cell, row] of none.cells.one.entries())
    counts[codeOf(row)] = beside ? beside[cell]! : none.cells.rows[cell]!;
  const all = beside ? first!.cells.one.length : rows.count;
  const shares = counts.map((seen) => shareOf(seen, all, size));
  const found: Context[] = [{ level: 0, row: 0, shares, before: shares }];
  let earlier = new Map<number, Float64Array>([[0, shares]]);
  for (const [level, { contexts, cells, kinds }] of levels.entries()) {
    if (level === 0) continue;
    const seen = new Map<number, Float64Array>();
    for (const [context, own] of contexts.rows.entries())
      if (level === 1 || own >= least) seen.set(context, new Float64Array(size));
    for (const [cell, row] of cells.one.entries()) {
      const own = seen.get(contexts.of[row]!);
      if (own) own[codeOf(row)] = cells.rows[cell]!;
    }
    for (const [context, own] of seen) {
      const row = contexts.one[context]!;
      const before = earlier.get(levels[level - 1]!.contexts.of[row]!)!;
      const [all, more] = [contexts.rows[context]!, kinds[context]!];
      const shares = own.map((each, k) => smoothed(each, all, more, before[k]!, best));
      seen.set(context, shares);
      found.push({ level, row, shares, before });
    }
    earlier = seen;
  }
  return found;
}
