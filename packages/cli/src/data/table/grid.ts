import type { ColumnSchema } from "./schema.js";

/** Values that lie `step` apart, from `least` on, with so many significant digits. */
export type Grid = Readonly<{ least: number; step: number; digits: number }>;

/** Of a value on a grid, whose step is a difference of doubles; dates in days are exact to a tenth of a millisecond. */
const DIGITS = { number: 12, date: 14 } as const;

/** The grid of all values of a column of numbers or dates, where they lie on one. */
export function gridOf({ range, gap = 0, uneven, grid = 0, type }: ColumnSchema): Grid | undefined {
  const step = uneven || gap === 0 ? grid : gap;
  if (!range || step === 0) return undefined;
  return { least: range.least, step, digits: type === "date" ? DIGITS.date : DIGITS.number };
}

/** The value of a grid that is next to another one. */
export const nextOnGrid = ({ least, step, digits }: Grid, value: number): number =>
  Number((least + Math.round((value - least) / step) * step).toPrecision(digits));
