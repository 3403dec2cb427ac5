import { valueAt } from "../../places.js";
import { type CellReader, cellReader } from "./cell.js";
import type { ColumnSchema } from "./schema.js";

/** What a column of texts, or of whole numbers, looks like to a person. */
export type Likeness = Readonly<{
  looksLike: NonNullable<ColumnSchema["looksLike"]>;
  /** In words. */
  what: string;
  /** How to write such cells. */
  write: string;
}>;

/** A form in which people write values, and how to write it instead. */
type Form = Readonly<{ is: RegExp; write: string }>;

const MONTH = String.raw`(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])\p{L}*\.?`;
const TIME = String.raw`,?[ T]\s?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:[ap]\.?m\.?)?\s?(?:Z|UTC|GMT|[-+]\d{2}:?\d{2})?`;

/** A day and a month in digits, in one of the two orders, and a year; the year first; months by their names. */
const DATES = [
  String.raw`\d{1,2}([./-])\d{1,2}\1(?:\d{2}|\d{4})`,
  String.raw`\d{4}([./-])\d{1,2}\1\d{1,2}`,
  String.raw`(?:\p{L}{2,9}\.?,? )?\d{1,2}\.?[-/ ]?${MONTH}[-/, ]? ?(?:\d{2}|\d{4})`,
  String.raw`(?:\p{L}{2,9}\.?,? )?${MONTH} \d{1,2}(?:st|nd|rd|th)?,? \d{4}`,
];

/** Digits in groups, or with a currency or percent sign. */
const SIGNED = { write: "1234.5 without groups and signs" } as const;

const KINDS: readonly Readonly<{ looksLike: "number" | "date"; what: string; forms: readonly Form[] }>[] = [
  {
    looksLike: "date",
    what: "dates",
    forms: [
      ...DATES.map((date): Form => ({ is: new RegExp(`^${date}$`, "iu"), write: "2025-02-28" })),
      ...DATES.map((date): Form => ({ is: new RegExp(`^${date}${TIME}$`, "iu"), write: "2025-02-28 16:30" })),
    ],
  },
  {
    looksLike: "number",
    what: "times",
    forms: [
      {
        is: /^\d{1,2}:[0-5]\d(?::[0-5]\d)?\s?(?:[ap]\.?m\.?)?$/iu,
        write: "16:30:00, which is a number of seconds,",
      },
    ],
  },
  {
    looksLike: "number",
    what: "numbers",
    forms: [
      {
        is: /^[-+]?[$€£¥]?\s?\d{1,3}(?:([.,'\u00a0\u202f ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?\s?[$€£¥%]?$/u,
        ...SIGNED,
      },
      { is: /^[-+]?[$€£¥]\s?\d+(?:[.,]\d+)?$/u, ...SIGNED },
      { is: /^[-+]?\d+(?:[.,]\d+)?\s?[$€£¥%]$/u, ...SIGNED },
      { is: /^[-+]?\d+,\d+$/u, write: "6.10 in place of 6,10" },
      {
        is: /^\([$€£¥]?\s?(?:\d+|\d{1,3}(?:([.,'\u00a0\u202f ])\d{3})(?:\1\d{3})*)(?:[.,]\d+)?\s?[$€£¥%]?\)$/u,
        write: "-3.21 in place of (3.21)",
      },
    ],
  },
];

/** Share of the different values that have to look so. */
const MOST = 0.95;

/**
 * What most of these texts look like to a person, though some of them are not written as flowify reads it.
 *
 * @param reader of the other ones
 */
export function lookAlike(texts: Iterable<string>, reader: CellReader = cellReader()): Likeness | undefined {
  const all = [...texts].map((text) => text.trim()).filter((text) => text !== "");
  if (all.length < 2) return undefined;
  for (const { looksLike, what, forms } of KINDS) {
    const found = formsOf(all, forms, (text) => reader.read(text) === looksLike);
    if (found !== undefined) return { looksLike, what, write: listed(found) };
  }
  return undefined;
}

/** How to write the forms that occur, where nearly all texts have one of them or are plain. */
function formsOf(
  texts: readonly string[],
  forms: readonly Form[],
  isPlain: (text: string) => boolean,
): ReadonlySet<string> | undefined {
  const found = new Set<string>();
  let others = 0;
  for (const text of texts) {
    if (isPlain(text)) continue;
    const form = forms.find(({ is }) => is.test(text));
    if (form) found.add(form.write);
    else if (++others > (1 - MOST) * texts.length) return undefined;
  }
  return found.size > 0 ? found : undefined;
}

const listed = (parts: ReadonlySet<string>): string => [...parts].join(", and ");

const COMPACT = /^(19\d\d|20\d\d|2100)(0[1-9]|1[0-2])(\d\d)$/;

/** Whole numbers such as 20061216, nearly all of them days of the years 1900 to 2100. */
export function compactDates(texts: Iterable<string>): Likeness | undefined {
  const all = [...texts];
  const days = all.filter((text) => {
    const [, year, month, day] = COMPACT.exec(text) ?? [];
    return Number(day) >= 1 && Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  });
  if (days.length < 2 || days.length < MOST * all.length) return undefined;
  const [, year, month, day] = COMPACT.exec(valueAt(days, 0))!;
  return { looksLike: "date", what: "dates", write: `${year}-${month}-${day} in place of ${days[0]}` };
}

/** How to write columns so that they are read as a person reads them, a line each. The column that names the rows has none. */
export const lookAlikeHints = (columns: readonly ColumnSchema[]): string[] =>
  columns.flatMap(({ name, use, hint }) =>
    use === "id" || hint === undefined ? [] : [`"${name}": ${hint}`],
  );

export const hintOf = ({ what, write }: Likeness, cells: "texts" | "numbers"): string =>
  `the ${cells} look like ${what}; write ${write} for them to be ${what}`;
