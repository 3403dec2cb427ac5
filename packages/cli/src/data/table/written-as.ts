import { cellReader } from "./cell.js";

/** Signs of currencies. A column has one of them in all cells. */
const CURRENCIES = ["$", "€", "£", "¥"] as const;
type Currency = (typeof CURRENCIES)[number];

/** Ways in which offices write numbers and dates, each called by an example. */
export const writtenForms = [
  "31.05.2025",
  "31/05/2025",
  "05/31/2025",
  "2025/05/31",
  "31 May 2025",
  "May 31, 2025",
  "May 2025",
  "20 %",
  "12 kg",
  "1.234,50",
  "1,234.50",
  ...CURRENCIES.map((sign) => `${sign}1,234.50` as const),
  ...CURRENCIES.map((sign) => `1.234,50 ${sign}` as const),
  "2025-05",
  "13:51",
  "1:51 PM",
] as const;
export type WrittenAs = (typeof writtenForms)[number];

/** How the cells of a column are written in a file, where that is not how flowify writes them. */
export type ColumnFormat = Readonly<{
  /** What they are read as. */
  writtenAs?: WrittenAs | undefined;
  /** An example of their style, in which samples are written. */
  style?: string | undefined;
}>;
/** By the names of the columns. */
export type ColumnFormats = ReadonlyMap<string, ColumnFormat>;

type Form = Readonly<{
  /** The cell as flowify writes it: `2025-05-31`, `1234.50`; undefined where it has another form. */
  read(cell: string): string | undefined;
  /** True for a cell that only this form explains. By default each that it reads. */
  decides?(cell: string): boolean;
  /** True for a cell that another form may read differently: without such cells none has to decide. */
  doubts?(cell: string): boolean;
  /** What all cells of a column have in common: its unit. */
  unit?(cell: string): string | undefined;
  /** What the example is read as. */
  example: string;
}>;

const reader = cellReader();
/** Parts of a date, and names of months, whole or their first letters, with the weekday in front where it stands there. */
const DAY = String.raw`(?<day>\d{1,2})`;
const MONTH = String.raw`(?<month>\d{1,2})`;
const YEAR = String.raw`(?<year>\d{4})`;
/** Also `, 4:30:00 PM`, with a narrow space, as browsers write it. */
const TIME = String.raw`(?:,?[ T](?<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:[ \u202f]?(?<half>[ap])\.?m\.?)?)?`;
const [WEEKDAY, NAMED] = ["(?:[a-z]{3,9},? )?", String.raw`(?<name>[a-z]{3,9})\.?`];
const PERCENT = /^([+-]?(?:\d+(?:[.,]\d+)?))\s?%$/;
/** A number and its unit. Digits behind a zero are rather a name, and three behind a comma may be thousands. */
const MEASURED = /^([+-]?(?!0\d)\d+(?:\.\d+|,(?!\d{3}\b)\d+)?)\s?([\p{L}°µ‰][\p{L}°µ/²³·]{0,9})$/u;
/** Between thousands: dots, or a space of any width; commas, or an apostrophe. */
const COMMA_NUMBER =
  /^[+-]?(\d+,?\d*|,\d+|[1-9]\d{0,2}([. \u00a0\u202f])\d{3}(\2\d{3})*(,\d*)?)(e[+-]?\d+)?$/i;
const POINT_NUMBER = /^[+-]?(\d+(\.\d*)?|[1-9]\d{0,2}([,'’])\d{3}(\3\d{3})*(\.\d*)?)$/;
/** A comma that cannot stand between thousands, or what can stand there alone. */
const CERTAIN_COMMA = /,(?!\d{3}$)|\..*,|\..*\.|[\u00a0\u202f]/;
const CERTAIN_POINT = /,\d{3}\.|,.*,|['’]/;

const MONTHS = Array.from({ length: 12 }, (_, month) =>
  new Date(Date.UTC(2025, month)).toLocaleString("en", { month: "long", timeZone: "UTC" }).toLowerCase(),
);

/** The number of a month, or what no date has. */
const monthNamed = (name: string): string =>
  String(1 + MONTHS.findIndex((month) => month.startsWith(name.toLowerCase())));

/** `16:30` of `4:30` and `p`; what no day has of `13:30`. */
function ofDay(time: string, half: string): string {
  const hour = Number.parseInt(time, 10);
  if (hour < 1 || hour > 12) return `99${time}`;
  return time.replace(/^\d+/, String((hour % 12) + (half.toLowerCase() === "p" ? 12 : 0)));
}

/** Dates whose parts have these places. `doubtful`: where the day may be a month, another form may explain the cell. */
function dates(written: string, { doubtful = false } = {}): Form {
  const pattern = new RegExp(`^${written}$`, "i");
  const partsOf = (cell: string) => pattern.exec(cell)?.groups;
  return {
    read(cell) {
      const parts = partsOf(cell) ?? {};
      const { year, name, month = name && monthNamed(name), day = "1" } = parts;
      if (year === undefined || month === undefined) return undefined;
      const time = parts.half ? ofDay(parts.time ?? "", parts.half) : parts.time;
      const padded = time && ` ${time.padStart(time.replace(/\.\d+$/, "").length > 5 ? 8 : 5, "0")}`;
      const text = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}${padded ?? ""}`;
      return reader.read(text) === "date" ? text : undefined;
    },
    decides: (cell) => !doubtful || Number(partsOf(cell)?.day) > 12,
    example: written.includes("<day>") ? "2025-05-31" : "2025-05-01",
  };
}

/** Times of the day, and durations in hours and minutes. */
const times = (written: string, example: string): Form => ({
  read(cell) {
    const { time, half } = new RegExp(`^${written}$`, "i").exec(cell)?.groups ?? {};
    if (time === undefined) return undefined;
    const text = half ? ofDay(time, half) : time;
    const whole = /:.*:/.test(text) ? text : `${text}:00`;
    return whole.startsWith("99") || reader.read(whole) !== "number" ? undefined : whole;
  },
  example,
});

/** `-12` of `12-`, as accounting writes it. */
const signFirst = (cell: string): string => cell.replace(/^(\d.*)-$/, "-$1");

/** `1234.50` of `1.234,50` and `1 234,50`. */
export function commaNumber(text: string): string | undefined {
  const cell = signFirst(text);
  return COMMA_NUMBER.test(cell) ? cell.replace(/[. \u00a0\u202f]/g, "").replace(",", ".") : undefined;
}

/** `1234.50` of `1,234.50` and `1'234.50`. */
function pointNumber(text: string): string | undefined {
  const cell = signFirst(text);
  return POINT_NUMBER.test(cell) ? cell.replace(/[,'’]/g, "") : undefined;
}

/** A cell without the sign of its currency, before or behind the digits; in parentheses it is negative, as in accounting. */
function withoutSign(cell: string, sign: Currency): string | undefined {
  const [, inside] = /^\((.*)\)$/.exec(cell) ?? [];
  const parts = (inside ?? cell).split(sign);
  if (parts.length !== 2) return undefined;
  const digits = parts.map((part) => part.trim()).join("");
  return inside === undefined ? digits : `-${digits}`;
}

/** Amounts of a currency. Without separators of thousands or decimals, both forms read the same. */
const amounts = (sign: Currency, read: (cell: string) => string | undefined, certain: RegExp): Form => ({
  read: (cell) => {
    const digits = withoutSign(cell, sign);
    return digits === undefined ? undefined : read(digits);
  },
  decides: (cell) => certain.test(withoutSign(cell, sign) ?? ""),
  doubts: (cell) => /[., \u00a0\u202f]/.test(withoutSign(cell, sign) ?? ""),
  example: "1234.50",
});
/** A point or a comma that is followed by three digits may stand between thousands. */
const POINT_DECIMALS = /\.(?!\d{3}$)|,.*\.|,.*,|['’]/;
const COMMA_DECIMALS = /,(?!\d{3}$)|\..*,|\..*\.|[ \u00a0\u202f]/;

const formOfEach = <K extends string>(
  keyOf: (sign: Currency) => K,
  form: (sign: Currency) => Form,
): Record<K, Form> =>
  Object.fromEntries(CURRENCIES.map((sign) => [keyOf(sign), form(sign)])) as Record<K, Form>;

/** All forms, in the order in which a column is tried. */
export const forms: Readonly<Record<WrittenAs, Form>> = {
  "31.05.2025": dates(String.raw`${DAY}\.${MONTH}\.${YEAR}${TIME}`),
  "31/05/2025": dates(`${DAY}[/-]${MONTH}[/-]${YEAR}${TIME}`, { doubtful: true }),
  "05/31/2025": dates(`${MONTH}[/-]${DAY}[/-]${YEAR}${TIME}`, { doubtful: true }),
  "2025/05/31": dates(String.raw`${YEAR}(?<between>[/.])${MONTH}\k<between>${DAY}${TIME}`),
  "31 May 2025": dates(`${WEEKDAY}${DAY}[ -]${NAMED}[ -]${YEAR}${TIME}`),
  "May 31, 2025": dates(`${WEEKDAY}${NAMED} ${DAY},? ${YEAR}${TIME}`),
  "May 2025": dates(`${NAMED}[ -]${YEAR}`),
  "20 %": { read: (cell) => PERCENT.exec(cell)?.[1]?.replace(",", "."), example: "20" },
  "12 kg": {
    read: (cell) => MEASURED.exec(cell)?.[1]?.replace(",", "."),
    unit: (cell) => MEASURED.exec(cell)?.[2],
    example: "12",
  },
  "1.234,50": { read: commaNumber, decides: (cell) => CERTAIN_COMMA.test(cell), example: "1234.50" },
  "1,234.50": {
    read: pointNumber,
    decides: (cell) => CERTAIN_POINT.test(cell),
    example: "1234.50",
  },
  ...formOfEach(
    (sign) => `${sign}1,234.50` as const,
    (sign) => amounts(sign, pointNumber, POINT_DECIMALS),
  ),
  ...formOfEach(
    (sign) => `1.234,50 ${sign}` as const,
    (sign) => amounts(sign, commaNumber, COMMA_DECIMALS),
  ),
  // of the years 1500 to 2199: other digits are rather names
  "2025-05": dates(String.raw`(?<year>(?:1[5-9]|2[01])\d{2})-(?<month>\d{2})`),
  "13:51": times(String.raw`(?<time>[+-]?\d{1,3}:[0-5]\d)`, "13:51:00"),
  "1:51 PM": times(
    String.raw`(?<time>\d{1,2}:[0-5]\d(?::[0-5]\d)?)[ \u202f]?(?<half>[ap])\.?m\.?`,
    "13:51:00",
  ),
};

/** Numbers whose commas stand between thousands where commas separate cells, or the points of another column are decimal. */
export const pointForms = new Set<WrittenAs>([
  "1,234.50",
  ...CURRENCIES.map((sign) => `${sign}1,234.50` as const),
]);

/** The unit of a column. */
export const unitOf = ({ writtenAs, style = "" }: ColumnFormat): string | undefined =>
  writtenAs && forms[writtenAs].unit?.(style.split(";")[0] ?? "");

/** The cell as flowify writes it: `1234.50` of `1.234,50`. A cell of another form, or with another unit, stays. */
export function plainCell(cell: string, format: ColumnFormat = {}): string {
  const form = format.writtenAs && forms[format.writtenAs];
  return form === undefined || form.unit?.(cell) !== unitOf(format) ? cell : (form.read(cell) ?? cell);
}
