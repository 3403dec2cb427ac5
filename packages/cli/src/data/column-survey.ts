import { columnLabel, type RowSet } from "./image-set.js";

/** Statistics of each column; the standard deviation of a constant column is 0. */
export type ColumnSurvey = Readonly<{
  mean: Float64Array;
  std: Float64Array;
  least: Float64Array;
  most: Float64Array;
}>;

/** Means and spreads of the columns, in double precision. */
export function surveyColumns({
  rows,
  count,
  shape: [columns],
}: Pick<RowSet, "count" | "shape"> & Readonly<{ rows: Float32Array | Float64Array }>): ColumnSurvey {
  const [mean, squares] = [new Float64Array(columns), new Float64Array(columns)];
  const least = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const most = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
  rows.forEach((value, i) => {
    const column = i % columns;
    mean[column]! += value / count;
    if (value < least[column]!) least[column] = value;
    if (value > most[column]!) most[column] = value;
  });
  rows.forEach((value, i) => {
    squares[i % columns]! += (value - mean[i % columns]!) ** 2 / count;
  });
  const std = squares.map((square, i) => (least[i] === most[i] ? 0 : Math.sqrt(square)));
  return { mean, std, least, most };
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
export function columnWarnings(set: RowSet, survey: ColumnSurvey, { scaled }: { scaled: boolean }): string[] {
  const { mean, std } = survey;
  const named = (holds: (column: number) => boolean): string[] =>
    Array.from(std, (_, column) => column).flatMap((column) =>
      holds(column) ? [columnLabel(set, column)] : [],
    );
  const constant = named((column) => std[column] === 0);
  const coarse = named(
    (column) => std[column]! > 0 && Math.abs(mean[column]!) * FLOAT32 > ROUNDED * std[column]!,
  );
  const spreads = [...std].filter((s) => s > 0).sort((a, b) => a - b);
  const middle = spreads[Math.floor(spreads.length / 2)] ?? 1;
  const odd = named(
    (column) => std[column]! > 0 && Math.max(std[column]! / middle, middle / std[column]!) > FAR_APART,
  );
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
