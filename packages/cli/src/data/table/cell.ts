import { secondsOf } from "./duration.js";

/** A cell as a file holds it: text, or in JSON and Parquet a value with a type. */
export type Cell = string | number | boolean | null;

/** `out of range`: ±Infinity, and numbers that float32 cannot hold. */
export type CellKind = "missing" | "number" | "out of range" | "boolean" | "date" | "text";

/** Texts that stand for a missing value, in lower case; the last ones are errors of a spreadsheet. */
const MISSING = new Set(
  ",na,n/a,nan,null,none,nat,?,-,#n/a,#div/0!,#value!,#ref!,#name?,#num!,#null!,#nv,#wert!,#bezug!,#zahl!".split(
    ",",
  ),
);

const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ["true", 1],
  ["false", 0],
  ["yes", 1],
  ["no", 0],
]);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;
const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(\.\d+)?)?\s*(Z|[+-](?:0\d|1[0-8])(?::?[0-5]\d)?)?)?$/;

export const LARGEST_FLOAT32 = 3.4028234663852886e38;
const MINUTES_PER_DAY = 1440;
export const SECONDS_PER_DAY = 86_400;
export const MILLISECONDS_PER_DAY = 86_400_000;

/**
 * Reads cells one at a time; `value` is that of the last one, where it is a number, a duration (seconds), a boolean (0 or 1) or a date
 * (days since 1970).
 */
export type CellReader = Readonly<{ read(cell: Cell | undefined): CellKind; readonly value: number }>;

export function kindOfNumber(value: number): CellKind {
  if (Number.isNaN(value)) return "missing";
  return Math.abs(value) <= LARGEST_FLOAT32 ? "number" : "out of range";
}

export function cellReader(): CellReader {
  let value = Number.NaN;
  const take = (number: number): CellKind => {
    value = number;
    return kindOfNumber(number);
  };
  const readText = (text: string): CellKind => {
    if (NUMBER.test(text)) return take(Number(text));
    const lower = text.toLowerCase();
    if (MISSING.has(lower)) return "missing";
    const truth = BOOLEANS.get(lower);
    if (truth !== undefined) {
      value = truth;
      return "boolean";
    }
    if (INFINITE.test(text)) return "out of range";
    const seconds = secondsOf(text);
    if (seconds !== undefined) return take(seconds);
    const days = daysOf(text);
    if (days === undefined) return "text";
    value = days;
    return "date";
  };
  return {
    get value() {
      return value;
    },
    read(cell) {
      value = Number.NaN;
      if (cell === null || cell === undefined) return "missing";
      if (typeof cell === "number") return take(cell);
      if (typeof cell === "string") return readText(cell);
      value = Number(cell);
      return "boolean";
    },
  };
}

/** Days since 1970-01-01 UTC of an ISO 8601 date, with or without a time; without a zone it is UTC. */
function daysOf(text: string): number | undefined {
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] =
    DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day)); // Date.UTC moves the years 0 to 99 to 1900
  if (midnight.getUTCMonth() + 1 !== Number(month) || midnight.getUTCDate() !== Number(day)) return undefined;
  const minutes = 60 * Number(hour) + Number(minute) + (Number(second) + Number(fraction)) / 60;
  return midnight.getTime() / MILLISECONDS_PER_DAY + (minutes - offsetMinutes(zone)) / MINUTES_PER_DAY;
}

/** The same of milliseconds since 1970, to the last bit. */
export function daysOfMilliseconds(milliseconds: number): number {
  const day = Math.floor(milliseconds / MILLISECONDS_PER_DAY);
  const rest = milliseconds - day * MILLISECONDS_PER_DAY;
  const [hour, minute] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60];
  const second = Math.floor(rest / 1000) % 60;
  return day + (60 * hour + minute + (second + (rest % 1000) / 1000) / 60) / MINUTES_PER_DAY;
}

/** Minutes east of Greenwich of `Z`, `+02:00`, `+02` or `-0530`. */
function offsetMinutes(zone: string): number {
  if (zone === "Z") return 0;
  const minutes = 60 * Number(zone.slice(1, 3)) + Number(zone.slice(3).replace(":", ""));
  return zone.startsWith("-") ? -minutes : minutes;
}

/** `2024-03-01`, or to the millisecond with a time, where there is one. */
export function dateText(days: number): string {
  const milliseconds = Math.round(days * MILLISECONDS_PER_DAY);
  const text = new Date(milliseconds).toISOString();
  if (milliseconds % MILLISECONDS_PER_DAY === 0) return text.slice(0, 10);
  return milliseconds % 1000 === 0 ? `${text.slice(0, 19)}Z` : text;
}

/** The same number of days, to the second. */
export const toSeconds = (days: number): number => Math.round(days * SECONDS_PER_DAY) / SECONDS_PER_DAY;

/** The date and the time of so many days since 1970, to the millisecond. */
export const timeText = (days: number): string =>
  new Date(Math.round(days * MILLISECONDS_PER_DAY)).toISOString();

/** The text by which equal cells are recognized. */
export const cellText = (cell: Cell | undefined): string => String(cell ?? "");

/** Digits that a double keeps of any number. */
const EXACT = 10n ** 15n;

/** `value`·10^−`scale` as a number, or as its digits where a double would round them: it may be a name. */
export function exactCell(value: number | bigint, scale: number): Cell {
  if (scale === 0 && Number.isSafeInteger(Number(value))) return Number(value);
  const whole = BigInt(value);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const split = digits.length - scale;
  const text = `${whole < 0n ? "-" : ""}${digits.slice(0, split)}${scale > 0 ? `.${digits.slice(split)}` : ""}`;
  return -EXACT < whole && whole < EXACT ? Number(text) : text;
}
