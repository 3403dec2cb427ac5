import { quoted } from "../../ui/format.js";
import { type Block, rowBlock } from "./block.js";
import { type Cell, cellReader } from "./cell.js";
import { inStyle, styleOf } from "./cell-style.js";

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
/** Between thousands: dots, or a space of any width; commas, or an apostrophe. */
const COMMA_NUMBER =
  /^[+-]?(\d+,?\d*|,\d+|[1-9]\d{0,2}([. \u00a0\u202f])\d{3}(\2\d{3})*(,\d*)?)(e[+-]?\d+)?$/i;
const POINT_NUMBER = /^[+-]?(\d+(\.\d*)?|[1-9]\d{0,2}([,'’])\d{3}(\3\d{3})*(\.\d*)?)$/;
/** A comma that cannot stand between thousands, or what can stand there alone. */
const CERTAIN_COMMA = /,(?!\d{3}$)|\..*,|\..*\.|[\u00a0\u202f]/;
const CERTAIN_POINT = /,\d{3}\.|,.*,|['’]/;
/** A decimal point, which cannot stand between thousands. */
const DECIMAL_POINT = /^[+-]?\d*\.(\d{1,2}|\d{4,})\s?%?$/;

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

const forms: Readonly<Record<WrittenAs, Form>> = {
  "31.05.2025": dates(String.raw`${DAY}\.${MONTH}\.${YEAR}${TIME}`),
  "31/05/2025": dates(`${DAY}[/-]${MONTH}[/-]${YEAR}${TIME}`, { doubtful: true }),
  "05/31/2025": dates(`${MONTH}[/-]${DAY}[/-]${YEAR}${TIME}`, { doubtful: true }),
  "2025/05/31": dates(String.raw`${YEAR}(?<between>[/.])${MONTH}\k<between>${DAY}${TIME}`),
  "31 May 2025": dates(`${WEEKDAY}${DAY}[ -]${NAMED}[ -]${YEAR}${TIME}`),
  "May 31, 2025": dates(`${WEEKDAY}${NAMED} ${DAY},? ${YEAR}${TIME}`),
  "May 2025": dates(`${NAMED}[ -]${YEAR}`),
  "20 %": { read: (cell) => PERCENT.exec(cell)?.[1]?.replace(",", "."), example: "20" },
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
const pointForms = new Set<WrittenAs>(["1,234.50", ...CURRENCIES.map((sign) => `${sign}1,234.50` as const)]);

/** True if most cells of some column have decimal points. */
const hasPoints = (rows: readonly (readonly Cell[])[]): boolean =>
  (rows[0] ?? []).some(
    (_, i) => rows.filter((row) => DECIMAL_POINT.test(String(row[i]))).length > rows.length / 2,
  );

/** In a file with decimal commas, cells of a column that have to be numbers: text among them is a mistake then. */
const MOSTLY = 0.9;

type Question = Readonly<{
  /** The first rows. */
  sample: readonly (readonly Cell[])[];
  /** Columns may have decimal commas: cells that can only have decimal points speak against them. `mixed`: no column does. */
  decimals: Readonly<{ decimalComma: boolean; mixed?: unknown }>;
  /** Of cells in a text file: where commas are decimal, they do not separate. */
  separator?: string;
  names: readonly string[];
  /** Columns that are known from training. */
  known: ColumnFormats;
}>;

/**
 * How the columns of a text file are written, where every cell of a column agrees. The file is read once more where some column may be
 * written in such a way.
 */
export async function columnFormats(
  { sample, decimals: { decimalComma, mixed }, separator, names, known }: Question,
  blocks: () => AsyncGenerator<Block>,
): Promise<ColumnFormats> {
  const possible = writtenForms.filter((form) => !(mixed && form === "1.234,50"));
  const isPointed = !decimalComma && !mixed && (separator === "," || hasPoints(sample));
  const columns = names.map((name) => ({
    own: known.get(name),
    candidates: known.get(name)?.writtenAs ? [] : possible.map(candidate),
  }));
  function candidate(form: WrittenAs) {
    const { read, decides = () => true, doubts } = forms[form];
    const lenient = decimalComma && form === "1.234,50";
    const grouped = isPointed && pointForms.has(form);
    let [agrees, found, others, decided, doubtful] = [true, 0, 0, lenient, doubts === undefined];
    return {
      form,
      take(cell: Cell | undefined): void {
        if (!agrees || typeof cell !== "string" || reader.read(cell) === "missing") return;
        if (read(cell) !== undefined) {
          found++;
          decided ||= decides(cell) || (grouped && cell.includes(","));
          doubtful ||= doubts?.(cell) ?? false;
        } else if (lenient && reader.read(cell) !== "number") others++;
        else agrees = false;
      },
      isOpen: () => agrees && found > 0,
      holds: () => agrees && (decided || !doubtful) && found > 0 && found >= MOSTLY * (found + others),
    };
  }
  const take = (row: readonly (Cell | undefined)[]): void => {
    columns.forEach(({ candidates }, i) => {
      for (const each of candidates) each.take(row[i]);
    });
  };
  for (const row of sample) take(row);
  for (const column of columns) column.candidates = column.candidates.filter(({ isOpen }) => isOpen());
  const isPlain = (at: number): boolean => sample.every((row) => reader.read(row[at]) !== "text");
  const open = columns.some(({ candidates }, i) => candidates.length > 0 && (decimalComma || !isPlain(i)));
  if (open) for await (const { rows } of blocks()) for (const row of rows) take(row);
  return new Map(
    columns.flatMap(({ own, candidates }, i) => {
      const writtenAs = own?.writtenAs ?? candidates.find(({ holds }) => holds())?.form;
      const style = own ? own.style : styleIn(sample, i, writtenAs);
      return writtenAs || style ? [[names[i] ?? "", { writtenAs, style }] as const] : [];
    }),
  );
}

/** The style of the numbers of a column, among its first rows. */
function styleIn(sample: Question["sample"], column: number, form?: WrittenAs): string | undefined {
  const cells: { cell: string; value: number }[] = [];
  for (const { [column]: cell } of sample)
    if (typeof cell === "string" && reader.read(plainCell(cell, form)) === "number")
      cells.push({ cell, value: reader.value });
  return styleOf(cells, pointOf(form));
}

/** The decimal point of a form; undefined where a comma is one as well. */
const pointOf = (form?: WrittenAs): string | undefined =>
  form === "20 %" ? undefined : form?.startsWith("1.234,50") ? "," : ".";

/** A value as its column writes it; undefined for other cells, and where its style would change the value. */
export function styledCell(cell: Cell, { writtenAs, style }: ColumnFormat): string | undefined {
  const kind = reader.read(cell);
  const { value } = reader;
  if (style === undefined || kind !== "number") return undefined;
  const text = inStyle(value, style, pointOf(writtenAs));
  return reader.read(plainCell(text, writtenAs)) === kind && reader.value === value ? text : undefined;
}

/** Columns that a note names at most. */
const NOTED = 5;

/** What was assumed, a line for each form. */
export function formatNotes(formats: ColumnFormats, decimalComma: boolean): string[] {
  const found = new Map<WrittenAs, string[]>();
  for (const [name, { writtenAs: form }] of formats)
    if (form !== undefined && !(decimalComma && form === "1.234,50"))
      found.set(form, [...(found.get(form) ?? []), name]);
  return Array.from(found, ([form, columns]) => {
    const others = columns.length > NOTED ? ` and ${columns.length - NOTED} more` : "";
    return `${quoted(columns.slice(0, NOTED))}${others}: ${form} is read as ${forms[form].example}`;
  });
}

/** The cell as flowify writes it: `1234.50` of `1.234,50`. A cell of another form stays. */
export const plainCell = (cell: string, form?: WrittenAs): string => (form && forms[form].read(cell)) ?? cell;

/** Blocks whose cells are written as flowify writes them. Cells of another form stay. */
export async function* withFormats(
  blocks: AsyncGenerator<Block>,
  names: readonly string[],
  formats: ColumnFormats,
): AsyncGenerator<Block> {
  const forms = names.map((name) => formats.get(name)?.writtenAs);
  if (forms.every((form) => form === undefined)) return yield* blocks;
  for await (const { rows, numbers } of blocks)
    yield rowBlock(
      rows.map((row) => row.map((cell, i) => (typeof cell === "string" ? plainCell(cell, forms[i]) : cell))),
      numbers,
    );
}
