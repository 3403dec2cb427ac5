import type { TableSchema } from "../data/table/schema.js";
import { ownColumns, type TableColumn, tableColumns } from "../tables/columns/kinds.js";

/** Rows of each kind, and training rows, that are compared. */
export const COMPARED = { rows: 1000, training: 20_000 } as const;

/** How near sampled rows are to training rows, and held-out rows for comparison. */
export type Privacy = Readonly<{
  /** Medians of the distance to the nearest training row. */
  sampled: number;
  heldOut: number;
  /** Share of the sampled rows that are nearer than 99 % of the held-out rows are. */
  near: number;
}>;

/**
 * Distances d² = Σ d_c²: of numbers (a − b) / std of the column, of categories 0 or 1, and 1 where one of the two is
 * missing. Noise does not count. A model that repeats its training rows samples rows that are much nearer than held-out rows.
 *
 * @param sampled, heldOut, training encoded rows, [n, columns] each
 */
export function privacyOf(
  schema: TableSchema,
  rows: Readonly<Record<"sampled" | "heldOut" | "training", Float32Array>>,
): Privacy {
  const slots = ownColumns(tableColumns(schema));
  const training = comparable(slots, rows.training, COMPARED.training);
  const nearest = (part: Float32Array): number[] =>
    comparable(slots, part, COMPARED.rows)
      .map((row) => Math.sqrt(training.reduce((least, other) => nearer(row, other, slots, least), Infinity)))
      .sort((a, b) => a - b);
  const [sampled, heldOut] = [nearest(rows.sampled), nearest(rows.heldOut)];
  const edge = heldOut[Math.floor(heldOut.length / 100)]!;
  return {
    sampled: median(sampled),
    heldOut: median(heldOut),
    near: sampled.filter((distance) => distance < edge).length / sampled.length,
  };
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)]!;

/** Numbers in standard deviations, codes; NaN is a missing value. */
function comparable(slots: readonly TableColumn[], rows: Float32Array, most: number): Float64Array[] {
  const width = slots.length;
  return Array.from({ length: Math.min(most, rows.length / width) }, (_, row) =>
    Float64Array.from(slots, ({ found: { range, gap = 0, origin = 0 }, place }) => {
      const value = rows[row * width + place]!;
      if (range === undefined) return value;
      const number = value + origin - range.least;
      return (gap > 0 ? gap * Math.round(number / gap) : number) / (range.std || 1);
    }),
  );
}

/** The smaller of `least` and the squared distance of two rows. */
function nearer(a: Float64Array, b: Float64Array, slots: readonly TableColumn[], least: number): number {
  let sum = 0;
  for (let i = 0; i < a.length && sum < least; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (Number.isNaN(x) || Number.isNaN(y)) sum += Number.isNaN(x) === Number.isNaN(y) ? 0 : 1;
    else sum += slots[i]!.found.range ? (x - y) ** 2 : Number(x !== y);
  }
  return Math.min(sum, least);
}
