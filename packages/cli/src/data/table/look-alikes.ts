import type { ColumnSchema } from "./schema.js";

/** What a person reads as a number: digits in groups, or with a currency or percent sign. */
const NUMBERS = [
  /^[-+]?[$€£¥]?\s?\d{1,3}(?:([.,'\u00a0 ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?\s?[$€£¥%]?$/u,
  /^[-+]?[$€£¥]\s?\d+(?:[.,]\d+)?$/u,
  /^[-+]?\d+(?:[.,]\d+)?\s?[$€£¥%]$/u,
];

/** A day and a month in digits, in one of the two orders, and a year. */
const DATE = /^\d{1,2}([./-])\d{1,2}\1(?:\d{2}|\d{4})$/u;

/** Share of the different values that have to look so. */
const MOST = 0.95;

/** What most of these texts look like to a person, though they are not written as flowify reads it. */
export function lookAlike(texts: Iterable<string>): ColumnSchema["looksLike"] {
  const all = [...texts].map((text) => text.trim()).filter((text) => text !== "");
  const most = (is: (text: string) => boolean): boolean =>
    all.length > 1 && all.filter(is).length >= MOST * all.length;
  if (most((text) => DATE.test(text))) return "date";
  if (most((text) => NUMBERS.some((form) => form.test(text)))) return "number";
  return undefined;
}

/** How to write columns so that they are read as a person reads them, a line each. The column that names the rows has none. */
export const lookAlikeHints = (columns: readonly ColumnSchema[]): string[] =>
  columns
    .filter(({ use }) => use !== "id")
    .flatMap(({ name, looksLike }) =>
      looksLike === undefined ? [] : [`"${name}": the texts look like ${looksLike}s; ${REMEDIES[looksLike]}`],
    );

const REMEDIES = {
  date: "write 2025-02-28 for them to be dates",
  number: "write 1234.5, without groups and signs, for them to be numbers",
} as const;
