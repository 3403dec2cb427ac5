import { dateText } from "../data/table/cell.js";

/** Where an axis has its marks, and how these are written. */
type Ticks = Readonly<{ values: readonly number[]; label(value: number): string }>;

/** About `count` round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten. */
function roundTicks(low: number, high: number, count: number): Ticks {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return {
    values: Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step),
    label: (value) =>
      value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  };
}

/** How an axis is laid out: places from 0 to 1 of the values between its ends, and its marks. */
export type Scale = Readonly<{
  place(value: number): number;
  ticks(count: number): Ticks;
  /** What is to be said beside the name of the axis; empty where it is even. */
  remark: string;
}>;

/** An even axis. */
function linearScale(low: number, high: number): Scale {
  return {
    place: (value) => (value - low) / (high - low),
    ticks: (count) => roundTicks(low, high, count),
    remark: "",
  };
}

/** An axis that is even within `width` of `centre`, and by powers further off on either side: arsinh((x - centre) / width). */
function stretchedScale(low: number, high: number, centre: number, width: number): Scale {
  const bend = (value: number): number => Math.asinh((value - centre) / width);
  const [from, to] = [bend(low), bend(high)];
  const at = (place: number): number => centre + width * Math.sinh(from + place * (to - from));
  return {
    place: (value) => (bend(value) - from) / (to - from),
    ticks: (count) => {
      // at each of `count` places the roundest number nearby, whose digits follow from how far the next place is
      const marks = new Map<number, string>();
      for (let i = 0; i < count; i++) {
        const [before, after] = [at(i / count), at((i + 1) / count)];
        const { values, label } = roundTicks(before, after, 2);
        const value = values[Math.floor(values.length / 2)];
        if (value !== undefined) marks.set(value, label(value));
      }
      return { values: [...marks.keys()], label: (value) => marks.get(value) ?? String(value) };
    },
    remark: ", closer together further off",
  };
}

/** An axis this many times as wide as the values that matter most leaves them no room where it is even. */
const EVEN_UP_TO = 10;

/**
 * The axis from `low` to `high` on which the values between `first` and `last`, those that the others are compared
 * with, keep their shape: even where they take a good part of it, else stretched around them.
 */
export function scaleFor(low: number, high: number, first: number, last: number): Scale {
  const width = last - first;
  if (high - low <= EVEN_UP_TO * width) return linearScale(low, high);
  return stretchedScale(low, high, (first + last) / 2, width > 0 ? width / 2 : (high - low) / 1000);
}

/** Days that dates of JavaScript lie apart from 1970 at most. */
const MOST_DAYS = 1e8;

/**
 * Labels of an axis of dates, for `labelExpr` and the texts of a chart: Vega has days since 1970 for numbers. There are none of
 * numbers that no date has.
 */
export function dateLabels(
  [low, high]: readonly [low: number, high: number],
  count: number,
): { values: number[]; texts: Record<string, string> } {
  const values = Array.from({ length: count }, (_, i) =>
    Math.round(low + ((i + 0.5) / count) * (high - low)),
  ).filter((value) => Math.abs(value) <= MOST_DAYS);
  return { values, texts: Object.fromEntries(values.map((value) => [value, dateText(value)])) };
}
