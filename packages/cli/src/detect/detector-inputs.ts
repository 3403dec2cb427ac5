import { DataError } from "@flowify/core";
import { type Block, type CellColumn, rowName } from "../data/table/block.js";
import { type Cell, cellReader, cellText, LARGEST_FLOAT32 } from "../data/table/cell.js";
import { type Grid, gridOf } from "../data/table/grid.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { LISTED, listFirst, type Table } from "../data/table/table.js";

/** A column of numbers; dates are days since 1970. */
type NumberInput = Readonly<{
  kind: "number" | "date";
  name: string;
  /** What is subtracted, so that float32 keeps the digits. */
  origin: number;
  /** Where dates lie, for texts. */
  grid?: Grid;
  /** In place of a missing value, after the subtraction. */
  fill: number;
  /** Training rows lacked values: a second number is 1 where the value is missing, else 0. */
  indicator: boolean;
}>;

/** A column of texts: a number a value that is 1 where it is that of the row, and one for all other values. The first value, the most frequent one, has none. */
type TextInput = Readonly<{ kind: "text"; name: string; values: readonly string[] }>;

/** How a column of a table enters the detector. No noise is added: a row always has the same score. */
export type DetectorInput = NumberInput | TextInput;

/** Values of a category with a number each; the others share one. */
const VALUES = 32;

/** The columns that the detector takes, and how. */
export const inputsOf = ({ columns }: TableSchema): DetectorInput[] =>
  columns.filter(({ use }) => use === "model").map(inputOf);

function inputOf(column: ColumnSchema): DetectorInput {
  const { name, type, range, origin = 0, missing, values = [] } = column;
  if (!range) return { kind: "text", name, values: values.slice(0, VALUES).map((value) => value ?? "") };
  const numbers = { name, origin, fill: Math.fround(range.mean - origin), indicator: missing > 0 };
  if (type !== "date") return { kind: "number", ...numbers };
  const grid = gridOf(column);
  return { kind: "date", ...numbers, ...(grid && { grid }) };
}

/** Numbers that a column becomes. */
export const widthOf = (input: DetectorInput): number => {
  if (input.kind === "text") return Math.max(1, input.values.length);
  return input.indicator ? 2 : 1;
};

export const widthOfAll = (inputs: readonly DetectorInput[]): number =>
  inputs.reduce((sum, input) => sum + widthOf(input), 0);

/** Encodes the blocks of one table for the detector. */
export type DetectorEncoder = Readonly<{
  /** Numbers of a row. */
  width: number;
  /**
   * Rows [n, width].
   *
   * @throws DataError for texts among numbers, with the first five of the block
   */
  encode(block: Block): Float32Array;
  /** What the training rows did not have, a line each. */
  notes(): string[];
}>;

/** @param path of the table, for messages */
export function detectorEncoder(
  path: string,
  table: Pick<Table, "names" | "decimalComma">,
  inputs: readonly DetectorInput[],
): DetectorEncoder {
  const from = inputs.map(({ name }) => table.names.indexOf(name));
  const width = widthOfAll(inputs);
  const codes = inputs.map((input) =>
    input.kind === "text" ? new Map(input.values.map((value, code) => [value, code])) : undefined,
  );
  const reader = cellReader(table);
  const unseen = new Map<string, Set<string>>();
  const lacking = new Map<string, number>();

  const missing = (input: NumberInput, out: Float32Array, at: number): void => {
    out[at] = input.fill;
    if (input.indicator) out[at + 1] = 1;
    else lacking.set(input.name, (lacking.get(input.name) ?? 0) + 1);
  };

  /** Writes the numbers of a column into rows [n, width], from `first` on; returns the rows whose cell is of another kind. */
  const encodeNumbers = (
    input: NumberInput,
    { numbers, dates, at: cellAt }: CellColumn,
    out: Float32Array,
    first: number,
  ): number[] => {
    const wrong: number[] = [];
    const { origin } = input;
    const fits = numbers && (dates ?? false) === (input.kind === "date");
    const count = out.length / width;
    for (let row = 0, at = first; row < count; row++, at += width) {
      if (fits) {
        const value = numbers[row]!;
        if (Math.abs(value) <= LARGEST_FLOAT32) out[at] = value - origin;
        else if (Number.isNaN(value)) missing(input, out, at);
        else wrong.push(row);
        continue;
      }
      const kind = reader.read(cellAt(row));
      if (kind === input.kind) out[at] = reader.value - origin;
      else if (kind === "missing") missing(input, out, at);
      else wrong.push(row);
    }
    return wrong;
  };

  /** The place of a text among the values; those that are too rare, and those that are new, have the last one. */
  const codeOf = (input: TextInput, known: ReadonlyMap<string, number>, cell: Cell | undefined): number => {
    const value = reader.read(cell) === "missing" ? "" : cellText(cell);
    const found = known.get(value);
    if (found !== undefined) return found;
    const others = unseen.get(input.name) ?? new Set();
    if (input.values.length < VALUES && others.size < LISTED) others.add(JSON.stringify(value.slice(0, 40)));
    unseen.set(input.name, others);
    return input.values.length;
  };

  const encodeTexts = (
    input: TextInput,
    known: ReadonlyMap<string, number>,
    { coded, at: cellAt }: CellColumn,
    out: Float32Array,
    first: number,
  ): void => {
    const places = new Map<number, number>(); // of the codes of a dictionary
    const count = out.length / width;
    for (let row = 0, at = first; row < count; row++, at += width) {
      const code = coded?.codes[row];
      let place = code === undefined ? undefined : places.get(code);
      place ??= codeOf(input, known, cellAt(row));
      if (code !== undefined) places.set(code, place);
      if (place > 0) out[at + place - 1] = 1;
    }
  };

  return {
    width,
    notes: () => [
      ...[...unseen]
        .filter(([, values]) => values.size > 0)
        .map(
          ([name, values]) => `column "${name}" holds ${[...values].join(", ")}, which no training row has`,
        ),
      ...[...lacking].map(
        ([name, count]) => `column "${name}" lacks ${count} values; in training it lacked none`,
      ),
    ],
    encode(block) {
      const rows = new Float32Array(block.count * width);
      const wrong: { row: number; input: NumberInput; cell: Cell }[] = [];
      let first = 0;
      inputs.forEach((input, c) => {
        const column = block.columns[from[c]!] ?? NOTHING;
        if (input.kind === "text") encodeTexts(input, codes[c]!, column, rows, first);
        else
          for (const row of encodeNumbers(input, column, rows, first))
            wrong.push({ row, input, cell: column.at(row) });
        first += widthOf(input);
      });
      if (wrong.length > 0) throw wrongCells(path, block, wrong);
      return rows;
    },
  };
}

/** Of a column that a file lacks. */
const NOTHING: CellColumn = { at: () => null };

/** Cells of another kind, by rows. */
function wrongCells(
  path: string,
  block: Block,
  wrong: readonly Readonly<{ row: number; input: NumberInput; cell: Cell }>[],
): DataError {
  const found = [...wrong].sort((a, b) => a.row - b.row).slice(0, LISTED);
  const lines = found.map(({ row, input, cell }) => {
    const text = JSON.stringify(cellText(cell).slice(0, 40));
    const expected = input.kind === "date" ? "a date such as 2024-03-01" : "a number";
    return `row ${rowName(block, row)}, column "${input.name}" holds ${text}, expected ${expected}`;
  });
  return new DataError(`${path}: ${listFirst(lines, wrong.length)}\ncorrect these cells`);
}
