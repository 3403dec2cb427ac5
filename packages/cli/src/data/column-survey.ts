import { columnLabel, type RowSet } from "./image-set.js";

/** Statistics of a column; the standard deviation of a constant one is 0. */
export type ColumnSurvey = Readonly<{ mean: number; std: number; least: number; most: number }>;

/** Means and spreads of the columns, in double precision. */
export function surveyColumns({
  rows,
  count,
  shape: [columns],
}: Pick<RowSet, "count" | "shape"> & Readonly<{ rows: Float32Array | Float64Array }>): ColumnSurvey[] {
  const found = Array.from({ length: columns }, () => ({
    mean: 0,
    square: 0,
    least: Number.POSITIVE_INFINITY,
    most: Number.NEGATIVE_INFINITY,
  }));
  for (let from = 0; from < rows.length; from += columns)
    found.forEach((column, c) => {
      const value = rows[from + c]!;
      column.mean += value / count;
      if (value < column.least) column.least = value;
      if (value > column.most) column.most = value;
    });
  for (let from = 0; from < rows.length; from += columns)
    found.forEach((column, c) => {
      column.square += (rows[from + c]! - column.mean) ** 2 / count;
    });
  return found.map(({ square, ...own }) => ({
    ...own,
    std: own.least === own.most ? 0 : Math.sqrt(square),
  }));
}

/** Columns whose spreads differ by more than this need separate scales: float32 has seven digits. */
const FAR_APART = 1e4;

/** Largest rounding error of float32, as a share of a column's spread. */
const ROUNDED = 1e-2;
const FLOAT32 = 2 ** -24;

/**
 * Warnings about columns before training, one line each: constant columns, and those that float32 rounds to a few
 * values. With `scaled` false, also those whose spread is far from that of the others.
 */
export function columnWarnings(
  set: RowSet,
  survey: readonly ColumnSurvey[],
  { scaled }: { scaled: boolean },
): string[] {
  const named = (holds: (column: ColumnSurvey) => boolean): string[] =>
    survey.flatMap((own, column) => (holds(own) ? [columnLabel(set, column)] : []));
  const constant = named(({ std }) => std === 0);
  const coarse = named(({ mean, std }) => std > 0 && Math.abs(mean) * FLOAT32 > ROUNDED * std);
  const spreads = survey
    .map(({ std }) => std)
    .filter((s) => s > 0)
    .sort((a, b) => a - b);
  const middle = spreads[Math.floor(spreads.length / 2)] ?? 1;
  const odd = named(({ std }) => std > 0 && Math.max(std / middle, middle / std) > FAR_APART);
  const is = (names: readonly string[]): string => (names.length === 1 ? "is" : "are");
  const lines: string[] = [];
  if (constant.length > 0)
    lines.push(
      `${listed(constant)} ${is(constant)} constant in the training rows of ${set.name}: the density of a constant column has no upper limit, so the likelihood means nothing; remove such columns`,
    );
  if (coarse.length > 0)
    lines.push(
      `${listed(coarse)} of ${set.name} ${is(coarse)} far from 0 for the size of the spread: 32-bit numbers lose the spread by rounding; subtract the mean before saving`,
    );
  if (!scaled && odd.length > 0)
    lines.push(
      `${listed(odd)} of ${set.name} ${is(odd)} on a scale that differs from the others by more than a factor of 10,000, and the network does not scale its columns; put { "kind": "whiten", "scaled": true } in front of it`,
    );
  return lines;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return `${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
}
