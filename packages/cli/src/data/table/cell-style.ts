import { monthOf, weekdayOf } from "./calendar.js";
import { dateText, MILLISECONDS_PER_DAY } from "./cell.js";

/** How a column writes its values: an option of each aspect, such as the digits behind the point. */
type Style = Readonly<Partial<Record<string, string>>>;

type Kind = Readonly<{
  /** What a cell shows of its style; undefined where it holds another kind of values. */
  shown(cell: string, decimalPoint?: string): Style | undefined;
  write(value: number, style: Style): string;
  /** Values that show all of a style. */
  examples: (style: Style) => readonly number[];
}>;

const CLOCK =
  /^(?<sign>[+-]?)(?<hours>\d+):[0-5]\d(?<seconds>:[0-5]\d(?:\.(?<fraction>\d+))?)?(?<half>[ \u202f]?[ap]\.?m\.?)?$/i;

/** Hours and minutes, with or without seconds; of a day of 24 hours or of its halves. */
const clock: Kind = {
  shown(cell) {
    const { hours = "", seconds, fraction, half } = CLOCK.exec(cell)?.groups ?? {};
    if (hours === "") return undefined;
    return {
      ...(Number(hours) < 10 && { hours: String(hours.length) }),
      seconds: seconds === undefined ? "" : ":",
      ...((fraction === undefined || fraction.endsWith("0")) && { digits: String(fraction?.length ?? 0) }),
      half: half?.replace(/p/, "a").replace("P", "A") ?? "",
    };
  },
  write(value, { hours = "1", seconds, digits = "0", half = "" }) {
    const [whole = "", fraction = ""] = String(Math.abs(value)).split(".");
    const [hour, minute, second] = [3600, 60, 1].map((size, i) =>
      Math.floor((Number(whole) % (i === 0 ? Number.POSITIVE_INFINITY : 60 * size)) / size),
    ) as [number, number, number];
    const two = (part: number): string => String(part).padStart(2, "0");
    const decimals = fraction.padEnd(Number(digits), "0");
    return [
      value < 0 ? "-" : "",
      String(half ? ((hour + 11) % 12) + 1 : hour).padStart(Number(hours), "0"),
      `:${two(minute)}`,
      seconds ? `:${two(second)}${decimals && `.${decimals}`}` : "",
      hour < 12 ? half : half.replace("a", "p").replace("A", "P"),
    ].join("");
  },
  examples: () => [4 * 3600 + 7 * 60 + 8],
};

/** Digits and separators, and the signs before and behind them. */
const NUMBER = /^([^\d.,]*)(\d(?:[\d.,'’ \u00a0\u202f]*\d)?)(\D*)$/;
const MINUS = /[-(]/;

/** Numbers with signs around them, separators between thousands, a number of decimals, or zeros in front. */
const number: Kind = {
  shown(cell, decimalPoint) {
    const [, before = "", digits = "", behind = ""] = NUMBER.exec(cell) ?? [];
    if (digits === "") return undefined;
    const point = decimalPoint ?? (digits.includes(",") ? "," : ".");
    const at = digits.lastIndexOf(point);
    const [whole, decimals] = at < 0 ? [digits, ""] : [digits.slice(0, at), digits.slice(at + 1)];
    const around = `${before}|${behind}`;
    return {
      ...(MINUS.test(around) ? { negative: around } : { around }),
      ...(at >= 0 && { point }),
      ...((decimals === "" || decimals.endsWith("0")) && { decimals: String(decimals.length) }),
      ...(/^\d{1,3}$/.test(whole) ? {} : { between: /\D/.exec(whole)?.[0] ?? "" }),
      width: String(whole.startsWith("0") ? whole.length : 1),
    };
  },
  write(
    value,
    { around = "|", negative = `-${around}`, point = ".", decimals = "0", between = "", width = "1" },
  ) {
    const text = String(Math.abs(value));
    if (text.includes("e")) return String(value);
    const [whole = "", fraction = ""] = text.split(".");
    const grouped = whole.padStart(Number(width), "0").replace(/\B(?=(\d{3})+$)/g, between);
    const behindPoint = fraction.padEnd(Number(decimals), "0");
    const digits = behindPoint === "" ? grouped : grouped + point + behindPoint;
    return (value < 0 ? negative : around).replace("|", () => digits);
  },
  examples({ around = "|", negative = `-${around}`, point, decimals = "0", width = "1" }) {
    const size = (width === "1" ? 1234 : 7) + (point && decimals === "0" ? 0.5 : 0);
    return negative === `-${around}` ? [size] : [size, -size];
  },
};

/** Parts of a date: its time, its year, names, and its day and month. */
const PARTS =
  /(?<![+\d-])\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[ \u202f]?[ap]\.?m\.?)?|\d{4}|(?<![a-z\d:])[a-z]{3,9}|(?<![:\d])\d{1,2}(?!\d|:)/gi;

/** Days since 1970: dates in any order of their parts, with or without a time. */
const date: Kind = {
  shown(cell) {
    const parts = cell.match(PARTS) ?? [];
    const at = parts.findIndex((part) => /^\d{4}$/.test(part));
    const numbers = parts.filter((part) => /^\d{1,2}$/.test(part));
    const names = parts.filter((part) => /^[a-z]/i.test(part));
    const time = parts.find((part) => part.includes(":"));
    if (at < 0) return undefined;
    const small = numbers.find((part) => Number(part) < 10);
    const isDayFirst = cell.includes(".") || Number(numbers[0]) > 12;
    // of 01/02/2025 nobody knows
    const isKnown = numbers.length < 2 || at === 0 || isDayFirst || Number(numbers[1]) > 12;
    let [place, name] = [0, names.length === 1 ? 1 : 0];
    const number = numbers.length === 1 ? (at === 0 ? "m" : "d") : at > 0 && isDayFirst ? "dm" : "md";
    const layout = cell.replace(PARTS, (part) => {
      if (part === time) return "{t}";
      if (/^\d{4}$/.test(part)) return "{y}";
      return /^\d/.test(part) ? `{${number[place++]}}` : `{${"wn"[name++]}}`;
    });
    return {
      ...(time !== undefined && clock.shown(time)),
      ...(isKnown && { layout }),
      ...(small !== undefined && { pad: String(small.length) }),
      ...(names.some((each) => each.length !== 3) && { names: "long" }),
      ...(names.some((each) => each.length === 3 && !/may/i.test(each)) && { names: "short" }),
    };
  },
  write(value, { layout = "", pad = "1", names = "short", ...style }) {
    const milliseconds = Math.round(value * MILLISECONDS_PER_DAY);
    const found = new Date(milliseconds);
    const midnight = found.setUTCHours(0, 0, 0, 0);
    const day = midnight / MILLISECONDS_PER_DAY;
    const letters = names === "long" ? undefined : 3;
    const parts: Readonly<Record<string, () => string>> = {
      y: () => String(found.getUTCFullYear()).padStart(4, "0"),
      m: () => String(found.getUTCMonth() + 1).padStart(Number(pad), "0"),
      d: () => String(found.getUTCDate()).padStart(Number(pad), "0"),
      n: () => monthOf(day).slice(0, letters),
      w: () => weekdayOf(day).slice(0, letters),
      t: () => clock.write((milliseconds - midnight) / 1000, style),
    };
    return layout.replace(/\{(.)\}/g, (_, part: string) => parts[part]?.() ?? "");
  },
  examples: ({ layout = "" }) => [
    Date.UTC(2025, 8, layout.includes("{n}") ? 6 : layout.includes("{d}") ? 26 : 1, 4, 7, 8) /
      MILLISECONDS_PER_DAY,
  ],
};

const kindsOf = (areDates: boolean): readonly Kind[] => (areDates ? [date] : [clock, number]);

/** Values from which a style is found, and styles that are compared. */
const LOOKED_AT = { values: 200, letters: 40, styles: 64 } as const;

/** All styles that have one of the shown options of each aspect. */
function stylesOf(shown: readonly Style[]): Style[] {
  const options = new Map<string, Set<string>>();
  for (const style of shown)
    for (const [aspect, option = ""] of Object.entries(style))
      options.set(aspect, (options.get(aspect) ?? new Set()).add(option));
  let styles: Style[] = [{}];
  for (const [aspect, found] of options)
    styles = styles
      .flatMap((style) => [...found].map((option) => ({ ...style, [aspect]: option })))
      .slice(0, LOOKED_AT.styles);
  return styles;
}

/** A cell, and the value that it is read as. */
type ReadCell = Readonly<{ cell: string; value: number }>;

/** How most of these cells are written, by an example, and one below zero if that differs by more than a minus, such as `$1,234.00;($1,234.00)`; undefined where flowify writes them so anyway. */
export function styleOf(
  cells: readonly ReadCell[],
  areDates: boolean,
  decimalPoint?: string,
): string | undefined {
  const some = cells.filter(({ cell }) => cell.length <= LOOKED_AT.letters).slice(0, LOOKED_AT.values);
  const kind = kindsOf(areDates).find(({ shown }) => some[0] && shown(some[0].cell));
  const agreeing = (write: (value: number) => string): number =>
    some.filter(({ cell, value }) => write(value) === cell).length;
  const [plain, most] = [agreeing(areDates ? dateText : String), some.length];
  if (kind === undefined || plain === most) return undefined;
  const styles = stylesOf(some.map(({ cell }) => kind.shown(cell, decimalPoint) ?? {}));
  const counts = styles.map((style) => agreeing((value) => kind.write(value, style)));
  const best = Math.max(...counts);
  const style = styles[counts.indexOf(best)] ?? {};
  return best > plain
    ? kind
        .examples(style)
        .map((value) => kind.write(value, style))
        .join(";")
    : undefined;
}

/** A value in the style of an example. */
export function inStyle(value: number, isDate: boolean, examples: string, decimalPoint?: string): string {
  const [first = "", ...others] = examples.split(";");
  for (const { shown, write } of kindsOf(isDate)) {
    const style = shown(first, decimalPoint);
    if (style) return write(value, Object.assign(style, ...others.map((each) => shown(each, decimalPoint))));
  }
  return String(value);
}
