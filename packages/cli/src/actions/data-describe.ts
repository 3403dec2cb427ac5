import { dateText } from "../data/table/cell.js";
import { findSchema } from "../data/table/find-schema.js";
import { lookAlikeHints } from "../data/table/look-alikes.js";
import { openTable } from "../data/table/open-table.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { table } from "../ui/table.js";
import { createTerminal } from "../ui/terminal.js";

export type DataDescribeFlags = { json?: boolean; where?: string; calendar?: readonly string[] };

/** Heights of a bar, an eighth of a line each. */
const BARS = " ▁▂▃▄▅▆▇█";

/** Values of a category that are shown, and letters of each. */
const SHOWN = { values: 4, letters: 16 } as const;

export async function describeData(this: CliContext, flags: DataDescribeFlags, file: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const terminal = createTerminal({ stdout, stderr, env, json: flags.json ?? false });
  await keepNamedInput([file]);
  const opened = await openTable(file, flags);
  const schema = await findSchema(file, opened, { ...(flags.calendar && { calendar: flags.calendar }) });
  terminal.say(`${formatCount(schema.rows)} rows, ${formatCount(schema.columns.length)} columns in ${file}`);
  for (const note of opened.notes) terminal.say(note);
  terminal.say();
  for (const line of table(linesOf(schema), [false, false, true, true])) terminal.say(line);
  const remarks = [
    ...schema.columns.flatMap((column) => remarksOf(column, schema.rows)),
    ...lookAlikeHints(schema.columns),
  ];
  if (remarks.length > 0) terminal.say();
  for (const remark of remarks) terminal.say(remark);
  terminal.document({ file, notes: opened.notes, ...schema });
}

function linesOf({ rows, columns }: TableSchema): string[][] {
  return [
    ["column", "type", "missing", "distinct", "values", "histogram"],
    ...columns.map((column) => [
      column.name,
      column.type,
      percent(column.missing / Math.max(1, rows)),
      `${formatCount(column.distinct)}${column.uncounted ? "+" : ""}`,
      valuesOf(column),
      column.histogram ? bars(column.histogram) : "",
    ]),
  ];
}

/** Two digits; only all rows are 100 %. */
function percent(share: number): string {
  if (share === 0) return "";
  if (share === 1) return "100 %";
  const percents = 100 * share;
  return `${percents < 99.5 ? percents.toPrecision(2) : Math.min(percents, 99.9).toFixed(1)} %`;
}

/** Digits of a fraction; digits before its point are always shown. */
const DIGITS = 5;

/** A number of the column as people read it: of a whole one, all digits. */
function valueText({ type }: ColumnSchema, value: number): string {
  if (type === "date") return dateText(value);
  if (Number.isInteger(value)) return String(value);
  const whole = String(Math.trunc(Math.abs(value))).length;
  return String(Number(value.toPrecision(Math.max(DIGITS, whole))));
}

function valuesOf(column: ColumnSchema): string {
  const { range, values } = column;
  if (range && column.distinct > 0)
    return `${valueText(column, range.least)} … ${valueText(column, range.most)}`;
  if (!values) return "";
  const shown = values.slice(0, SHOWN.values).map((value) => (value ?? "missing").slice(0, SHOWN.letters));
  return `${shown.join(", ")}${values.length > SHOWN.values ? ", …" : ""}`;
}

/** One letter a bin; the tallest bin is full, and no bin with rows in it is empty. */
function bars(histogram: readonly number[]): string {
  const tallest = Math.max(1, ...histogram);
  return histogram.map((rows) => BARS[Math.ceil((rows / tallest) * (BARS.length - 1))]).join("");
}

function remarksOf(column: ColumnSchema, rows: number): string[] {
  const { name, type, use, spikes = [], problem, range } = column;
  if (problem !== undefined)
    return [`"${name}": ${problem}; training refuses the column until this is corrected`];
  if (use === "none" && rows > 0)
    return [`"${name}": left out of training, ${type === "text" ? "free text" : `as ${type}`}`];
  if (!range || spikes.length === 0) return [];
  return [`"${name}": ${spikes.map(({ value, share }) => `${percent(share)} are ${value}`).join(", ")}`];
}
