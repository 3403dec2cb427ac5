/** The numbers of an encoded row that belong to one column: a value, a value and its indicator, an indicator for each value. */
export type ColumnPlace = Readonly<{ name: string; at: number; width: number }>;

/** Usual values of all columns: as many of each, [count, width of the column]. */
export type UsualValues = Readonly<{ count: number; columns: readonly Float32Array[] }>;

/** Usual values of a column. */
const COUNT = 32;

/**
 * Usual values of every column: those of the training rows at evenly spaced ranks (q + 1/2) / count. The numbers of one
 * column stay together, so that a missing value keeps its indicator.
 *
 * @param rows training rows [m, width]
 */
export function usualValues(
  rows: Float32Array,
  width: number,
  columns: readonly ColumnPlace[],
  most: number = COUNT,
): UsualValues {
  const total = rows.length / width;
  const count = Math.min(most, total);
  return {
    count,
    columns: columns.map(({ at, width: own }) => {
      const order = Array.from({ length: total }, (_, i) => i * width + at).sort((a, b) =>
        compare(rows, a, b, own),
      );
      const values = new Float32Array(count * own);
      for (let q = 0; q < count; q++) {
        const from = order[Math.floor(((q + 0.5) / count) * total)]!;
        values.set(rows.subarray(from, from + own), q * own);
      }
      return values;
    }),
  };
}

/** By the indicators behind a value, the last one first: rows that lack a value come last, whatever number stands in its place. */
function compare(rows: Float32Array, a: number, b: number, width: number): number {
  for (let j = width - 1; j > 0; j--) {
    const difference = Math.round(rows[a + j]!) - Math.round(rows[b + j]!);
    if (difference !== 0) return difference;
  }
  return rows[a]! - rows[b]!;
}
