import { DataError } from "@flowify/core";
import { type Cell, cellReader, cellText } from "../data/table/cell.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { type Block, LISTED, listFirst, rowName, type Table } from "../data/table/table.js";

/** A column of numbers; dates are days since 1970. */
type NumberInput = Readonly<{
  kind: "number" | "date";
  name: string;
  /** What is subtracted, so that float32 keeps the digits. */
  origin: number;
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

function inputOf({ name, type, range, origin = 0, missing, values = [] }: ColumnSchema): DetectorInput {
  if (!range) return { kind: "text", name, values: values.slice(0, VALUES).map((value) => value ?? "") };
  const kind = type === "date" ? "date" : "number";
  return { kind, name, origin, fill: Math.fround(range.mean - origin), indicator: missing > 0 };
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
  const wrong: string[] = [];
  const unseen = new Map<string, Set<string>>();
  const lacking = new Map<string, number>();
  let row = "";
  const number = (input: NumberInput, cell: Cell | undefined, out: Float32Array, at: number): void => {
    const kind = reader.read(cell);
    if (kind === input.kind) out[at] = reader.value - input.origin;
    else if (kind === "missing") {
      out[at] = input.fill;
      if (input.indicator) out[at + 1] = 1;
      else lacking.set(input.name, (lacking.get(input.name) ?? 0) + 1);
    } else {
      const text = JSON.stringify(cellText(cell).slice(0, 40));
      const expected = input.kind === "date" ? "a date such as 2024-03-01" : "a number";
      wrong.push(`row ${row}, column "${input.name}" holds ${text}, expected ${expected}`);
    }
  };

  /** The place of a text among the values; those that are too rare, and those that are new, have the last one. */
  const code = (input: TextInput, known: ReadonlyMap<string, number>, cell: Cell | undefined): number => {
    const value = reader.read(cell) === "missing" ? "" : cellText(cell);
    const found = known.get(value);
    if (found !== undefined) return found;
    const others = unseen.get(input.name) ?? new Set();
    if (input.values.length < VALUES && others.size < LISTED) others.add(JSON.stringify(value.slice(0, 40)));
    unseen.set(input.name, others);
    return input.values.length;
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
      const rows = new Float32Array(block.rows.length * width);
      block.rows.forEach((cells, i) => {
        row = rowName(block, i);
        let at = i * width;
        inputs.forEach((input, c) => {
          const cell = cells[from[c]!];
          if (input.kind === "text") {
            const place = code(input, codes[c]!, cell);
            if (place > 0) rows[at + place - 1] = 1;
          } else number(input, cell, rows, at);
          at += widthOf(input);
        });
      });
      if (wrong.length > 0) throw new DataError(`${path}: ${listFirst(wrong)}\ncorrect these cells`);
      return rows;
    },
  };
}
