import { quoted } from "../../ui/format.js";
import { type Block, rowBlock } from "./block.js";
import { type Cell, cellReader } from "./cell.js";
import { inStyle, styleOf } from "./cell-style.js";
import type { ColumnSchema } from "./schema.js";
import {
  type ColumnFormat,
  type ColumnFormats,
  forms,
  plainCell,
  pointForms,
  unitOf,
  type WrittenAs,
  writtenForms,
} from "./written-as.js";

const reader = cellReader();

/** A decimal point, which cannot stand between thousands. */
const DECIMAL_POINT = /^[+-]?\d*\.(\d{1,2}|\d{4,})\s?%?$/;

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
    const { read, decides = () => true, doubts, unit } = forms[form];
    let common: string | undefined;
    const lenient = decimalComma && form === "1.234,50";
    const grouped = isPointed && pointForms.has(form);
    let [agrees, found, others, decided, doubtful] = [true, 0, 0, lenient, doubts === undefined];
    return {
      form,
      take(cell: Cell | undefined): void {
        if (!agrees || typeof cell !== "string" || reader.read(cell) === "missing") return;
        common ??= unit?.(cell);
        if (read(cell) !== undefined && unit?.(cell) === common) {
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

/** The style of the numbers or dates of a column, among its first rows. */
function styleIn(sample: Question["sample"], column: number, form?: WrittenAs): string | undefined {
  const read = sample.flatMap(({ [column]: cell }) => {
    if (typeof cell !== "string") return [];
    const kind = reader.read((form && forms[form].read(cell)) ?? cell);
    return kind === "number" || kind === "date" ? [{ kind, cell, value: reader.value }] : [];
  });
  const first = read[0]?.kind;
  return styleOf(
    read.filter(({ kind }) => kind === first),
    first === "date",
    pointOf(form),
  );
}

/** The decimal point of a form; undefined where a comma is one as well. */
const pointOf = (form?: WrittenAs): string | undefined =>
  form === "20 %" || form === "12 kg" ? undefined : form?.startsWith("1.234,50") ? "," : ".";

/** A value as its column writes it; undefined for other cells, and where its style would change the value. */
export function styledCell(cell: Cell, format: ColumnFormat): string | undefined {
  const { writtenAs, style } = format;
  const kind = reader.read(cell);
  const { value } = reader;
  if (style === undefined || (kind !== "number" && kind !== "date")) return undefined;
  const text = inStyle(value, kind === "date", style, pointOf(writtenAs));
  return reader.read(plainCell(text, format)) === kind && reader.value === value ? text : undefined;
}

/** A time of day, or a duration. */
const CLOCK = /^[+-]?\d+:\d{2}/;

/** How a column writes its dates, times or durations; undefined for others: numbers are predicted as programs read them. */
export const timeFormat = ({
  type,
  writtenAs,
  style,
}: Pick<ColumnSchema, "type"> & ColumnFormat): ColumnFormat | undefined =>
  style !== undefined && (type === "date" || CLOCK.test(style)) ? { writtenAs, style } : undefined;

/** Columns that a note names at most. */
const NOTED = 5;

/** What was assumed, a line for each form. */
export function formatNotes(formats: ColumnFormats, decimalComma: boolean): string[] {
  const found = new Map<string, string[]>();
  for (const [name, format] of formats) {
    const { writtenAs: form } = format;
    if (form === undefined || (decimalComma && form === "1.234,50")) continue;
    const unit = unitOf(format);
    const read = `${unit === undefined ? form : `12 ${unit}`} is read as ${forms[form].example}`;
    found.set(read, [...(found.get(read) ?? []), name]);
  }
  return Array.from(found, ([read, columns]) => {
    const others = columns.length > NOTED ? ` and ${columns.length - NOTED} more` : "";
    return `${quoted(columns.slice(0, NOTED))}${others}: ${read}`;
  });
}

/** Blocks whose cells are written as flowify writes them. Cells of another form stay. */
export async function* withFormats(
  blocks: AsyncGenerator<Block>,
  names: readonly string[],
  formats: ColumnFormats,
): AsyncGenerator<Block> {
  const own = names.map((name) => formats.get(name));
  if (own.every((format) => format?.writtenAs === undefined)) return yield* blocks;
  for await (const { rows, numbers } of blocks)
    yield rowBlock(
      rows.map((row) => row.map((cell, i) => (typeof cell === "string" ? plainCell(cell, own[i]) : cell))),
      numbers,
    );
}
