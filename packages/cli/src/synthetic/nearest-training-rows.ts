import type { TableSchema } from "../data/table/schema.js";
import { valueAt } from "../places.js";
import { quantile } from "../statistics.js";
import { ownColumns, type TableColumn, tableColumns } from "../tables/columns/kinds.js";

/** Rows of each kind, and training rows, that are compared. */
const COMPARED = { rows: 1000, training: 20_000 } as const;

/** How near sampled rows are to training rows, and held-out rows for comparison. */
export type Privacy = Readonly<{
  /** Medians of the distance to the nearest training row. */
  sampled: number;
  heldOut: number;
  /** Share of the sampled rows that are nearer than 99 % of the held-out rows are. */
  near: number;
  /** Shares of rows that are a training row again. */
  copies: Readonly<{ sampled: number; heldOut: number }>;
  /** Share of the sampled rows that are nearer to a training row than to a held-out one, and the share of training rows in both. */
  nearer: Readonly<{ share: number; expected: number }>;
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
  const others = comparable(slots, rows.heldOut, COMPARED.training);
  const drawn = comparable(slots, rows.sampled, COMPARED.rows);
  const nearest = (some: readonly Float64Array[], to: readonly Float64Array[]): number[] =>
    some.map((row) => Math.sqrt(to.reduce((least, other) => nearer(row, other, slots, least), Infinity)));
  const [sampled, heldOut] = [nearest(drawn, training), nearest(others.slice(0, COMPARED.rows), training)];
  const ascending = (distances: readonly number[]) => distances.toSorted((a, b) => a - b);
  const [ofSampled, ofHeldOut] = [ascending(sampled), ascending(heldOut)];
  const edge = quantile(ofHeldOut, 0.01);
  const shareOf = (distances: readonly number[], holds: (distance: number) => boolean): number =>
    distances.filter(holds).length / distances.length;
  const expected = training.length / (training.length + others.length);
  const toOthers = nearest(drawn, others);
  const isNearer = sampled.map((distance, i) => Math.sign(valueAt(toOthers, i) - distance));
  return {
    sampled: quantile(ofSampled, 0.5),
    heldOut: quantile(ofHeldOut, 0.5),
    near: shareOf(sampled, (distance) => distance < edge),
    copies: {
      sampled: shareOf(sampled, (distance) => distance === 0),
      heldOut: shareOf(heldOut, (distance) => distance === 0),
    },
    // as near to both is as good as neither
    nearer: {
      share: shareOf(isNearer, (sign) => sign > 0) + expected * shareOf(isNearer, (sign) => sign === 0),
      expected,
    },
  };
}

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
