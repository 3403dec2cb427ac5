import type { ColumnSchema } from "./schema.js";

/** Values that lie `step` apart, from `least` on, with so many decimals, or else significant digits. */
export type Grid = Readonly<{
  least: number;
  step: number;
  digits: number;
  decimals?: number;
  /** All of its values, where they are few. */
  levels?: readonly number[];
}>;

/** Of a value on a grid, whose step is a difference of doubles; dates in days are exact to a tenth of a millisecond. */
const DIGITS = { number: 12, date: 14 } as const;

/** The grid of all values of a column of numbers or dates, where they lie on one. */
export function gridOf({
  range,
  gap = 0,
  uneven,
  grid = 0,
  type,
  ...column
}: ColumnSchema): Grid | undefined {
  const step = uneven || gap === 0 ? grid : gap;
  if (!range || step === 0) return undefined;
  const { least } = range;
  if (type === "date") return { least, step, digits: DIGITS.date };
  const decimals = Number.isInteger(least) && Number.isInteger(step) ? 0 : column.decimals;
  const { levels } = column;
  return {
    least,
    step,
    digits: DIGITS.number,
    ...(decimals !== undefined && { decimals }),
    ...(levels !== undefined && { levels }),
  };
}

/** The value of a grid that is next to another one. */
export function nextOnGrid({ least, step, digits, decimals, levels = [] }: Grid, value: number): number {
  const next = least + Math.round((value - least) / step) * step;
  const level = levels.find((each) => Math.abs(each - next) < step / 2);
  if (level !== undefined) return level;
  return Number(decimals === undefined ? next.toPrecision(digits) : next.toFixed(decimals));
}
