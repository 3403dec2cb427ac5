/** A column of a table: numbers, or values of a category; null is missing and left out. */
export type Column = readonly (string | number | null)[];

const isNumber = (value: string | number | null): value is number => typeof value === "number";
const isNumeric = (column: Column): boolean => column.some(isNumber);

/**
 * p-value of the hypothesis that two samples have one distribution: of Kolmogorov and Smirnov for numbers (asymptotic),
 * the χ² test of homogeneity for categories.
 */
export function twoSampleP(a: Column, b: Column): number {
  if (isNumeric(a)) return kolmogorovP(a.filter(isNumber), b.filter(isNumber));
  const values = [...new Set([...a, ...b])];
  const counts = values.map((value) => [a, b].map((column) => column.filter((x) => x === value).length));
  return chiSquareP(chiSquare(counts), values.length - 1);
}

/** 2 Σ_k (−1)^(k−1) exp(−2 k² λ²) with λ = D √(nm / (n + m)). Source: Smirnov 1939. */
function kolmogorovP(a: number[], b: number[]): number {
  const [x, y] = [a.toSorted((p, q) => p - q), b.toSorted((p, q) => p - q)];
  let [i, j, most] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i]!, y[j]!);
    while (i < x.length && x[i]! <= at) i++;
    while (j < y.length && y[j]! <= at) j++;
    most = Math.max(most, Math.abs(i / x.length - j / y.length));
  }
  const lambda = most * Math.sqrt((x.length * y.length) / (x.length + y.length));
  if (lambda < 0.2) return 1; // the series converges slowly, and p is 1 to twelve digits
  let p = 0;
  for (let k = 1; k <= 100; k++) p += 2 * (k % 2 ? 1 : -1) * Math.exp(-2 * (k * lambda) ** 2);
  return Math.min(1, Math.max(0, p));
}

/** Σ (observed − expected)² / expected of a table with rows of counts. */
function chiSquare(counts: readonly (readonly number[])[]): number {
  const sum = (values: readonly number[]): number => values.reduce((p, q) => p + q, 0);
  const columns = counts[0]!.map((_, j) => sum(counts.map((row) => row[j]!)));
  const all = sum(columns);
  return sum(
    counts.flatMap((row) =>
      row.map((count, j) => {
        const expected = (sum(row) * columns[j]!) / all;
        return expected > 0 ? (count - expected) ** 2 / expected : 0;
      }),
    ),
  );
}

/** The upper tail of χ² by recursion over the degrees of freedom: Q(x; d) = Q(x; d − 2) + (x/2)^(d/2−1) e^(−x/2) / Γ(d/2). */
function chiSquareP(x: number, degrees: number): number {
  if (degrees === 0) return 1;
  const odd = degrees % 2 === 1;
  let q = odd ? errorTail(Math.sqrt(x / 2)) : Math.exp(-x / 2);
  let term = odd ? Math.exp(-x / 2) * Math.sqrt((2 * x) / Math.PI) : Math.exp(-x / 2) * (x / 2);
  for (let d = odd ? 3 : 4; d <= degrees; d += 2) {
    q += term;
    term *= x / d;
  }
  return q;
}

/** erfc(x) for x ≥ 0, to 1.2e-7 relative. Source: Press et al., Numerical Recipes, section 6.2. */
function errorTail(x: number): number {
  const t = 1 / (1 + x / 2);
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  return t * Math.exp(-x * x + series.reduceRight((sum, c) => sum * t + c, 0));
}

/**
 * How strongly two columns depend on each other, 0 to 1: |Pearson's r| of numbers, the correlation ratio η of a number
 * and a category, Cramér's V of categories. Rows that lack one of the two are left out.
 */
export function association(a: Column, b: Column): number {
  const rows = a.map((value, i) => [value, b[i]!] as const).filter(([x, y]) => x !== null && y !== null);
  const [left, right] = [rows.map(([x]) => x), rows.map(([, y]) => y)];
  if (isNumeric(left) && isNumeric(right)) return Math.abs(correlation(left as number[], right as number[]));
  if (isNumeric(left)) return correlationRatio(right, left as number[]);
  if (isNumeric(right)) return correlationRatio(left, right as number[]);
  const [xs, ys] = [[...new Set(left)], [...new Set(right)]];
  const counts = xs.map((x) => ys.map((y) => rows.filter(([p, q]) => p === x && q === y).length));
  return Math.sqrt(chiSquare(counts) / (rows.length * Math.max(1, Math.min(xs.length, ys.length) - 1)));
}

const mean = (values: readonly number[]): number => values.reduce((p, q) => p + q, 0) / values.length;

function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  const product = (p: readonly number[], q: readonly number[], mp: number, mq: number): number =>
    mean(p.map((value, i) => (value - mp) * (q[i]! - mq)));
  return product(x, y, mx, my) / Math.sqrt(product(x, x, mx, mx) * product(y, y, my, my));
}

/** The square root of the share of the variance that the groups explain. */
function correlationRatio(groups: Column, values: readonly number[]): number {
  const all = mean(values);
  const parts = new Map<string | number | null, number[]>();
  groups.forEach((group, i) => {
    const part = parts.get(group) ?? [];
    part.push(values[i]!);
    parts.set(group, part);
  });
  const between = [...parts.values()].reduce((sum, part) => sum + part.length * (mean(part) - all) ** 2, 0);
  return Math.sqrt(between / values.reduce((sum, value) => sum + (value - all) ** 2, 0));
}
