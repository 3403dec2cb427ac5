import { DataError } from "@flowify/core";
import { makeRng, type Rng } from "@flowify/core/layer";
import { type Block, blockOf, rowName } from "./block.js";
import { type Cell, cellReader, cellText } from "./cell.js";
import type { ColumnSchema, TableSchema } from "./schema.js";
import { LISTED, listFirst, type Table } from "./table.js";
import { detached } from "./value-counts.js";

/** Rows as the flow takes them. */
export type EncodedRows = Readonly<{
  /** [count, width] */
  rows: Float32Array;
  count: number;
  /** log q in nats of the noise that fills missing numbers, a row each: −log p + log q bounds −log p of the values that are there. */
  fillLog: Float64Array;
  /** What each row is called by its place in the file. */
  rowNames: readonly string[];
  /** Of the id column, where there is one. */
  ids: readonly string[];
}>;

/** Encodes the blocks of one table, one after the other. */
export type RowEncoder = Readonly<{
  /** Names of the numbers of a row. */
  names: readonly string[];
  encode(block: Block): EncodedRows;
  /** What was found that the training table did not have, a line each. */
  notes(): string[];
  /** @throws DataError for cells of another type; `encode` throws it as soon as five are found */
  end(): void;
}>;

const STREAM = 0x7ab1e;

/** Where the numbers of a column stand in a row of the flow: `at`, and with `indicator` the one after it. */
export type ColumnSlot = Readonly<{ column: ColumnSchema; at: number; indicator: boolean }>;

/** The same, with the place of the column in the file. */
type Slot = ColumnSlot & Readonly<{ from: number }>;

const isNumeric = ({ range }: ColumnSchema): boolean => range !== undefined;

/** The column and, where training rows lack values, its indicator. */
const hasIndicator = (column: ColumnSchema): boolean => isNumeric(column) && column.missing > 0;

/** Names of the numbers that a row becomes, in their order. */
export const encodedNames = ({ columns }: TableSchema): string[] =>
  columns
    .filter(({ use }) => use === "model")
    .flatMap((column) => (hasIndicator(column) ? [column.name, `${column.name} is missing`] : [column.name]));

/**
 * Numbers as they are, with uniform noise over the step between values that repeat; dates as days; categories and
 * booleans as their rank by frequency with noise of width 1, values that training did not have as one rank more. A missing number
 * becomes a sample of q = N(mean, std²) of its column and sets its indicator. Noise is a function of (seed, row).
 *
 * @throws DataError for columns that the table lacks
 */
export function rowEncoder(
  path: string,
  table: Pick<Table, "names">,
  schema: TableSchema,
  { seed = 0, id }: { seed?: number; id?: string | undefined } = {},
): RowEncoder {
  const slots = columnSlots(schema).map(
    (slot): Slot => ({ ...slot, from: table.names.indexOf(slot.column.name) }),
  );
  const names = encodedNames(schema);
  const idAt = table.names.indexOf(id ?? schema.columns.find(({ use }) => use === "id")?.name ?? "");
  const reader = cellReader();
  const codes = new Map(
    slots.map(({ column }) => [column, new Map((column.values ?? []).map((value, code) => [value, code]))]),
  );
  const unseen = new Map<string, Set<string>>();
  const unexpectedlyMissing = new Map<string, number>();
  const wrong: string[] = [];
  let row = 0;
  /** The row that is encoded, for messages. */
  const current = { block: blockOf([]), at: 0 };

  const refuse = (): never => {
    throw new DataError(
      `${path}: ${listFirst(wrong)}\ncorrect these cells, or leave the columns out of training by --drop`,
    );
  };

  const numberOf = (slot: Slot, cell: Cell | undefined, rng: Rng, out: Float32Array, at: number): number => {
    const { column, indicator } = slot;
    const { mean, std } = column.range!;
    const { origin = 0, gap = 0, name } = column;
    const kind = reader.read(cell);
    const noise = rng.uniform() - 0.5;
    if (indicator) out[at + 1] = (kind === "missing" ? 1 : 0) + rng.uniform() - 0.5;
    if (kind === (column.type === "date" ? "date" : "number")) {
      const value = reader.value - origin;
      const noisy = Math.fround(value + gap * noise);
      out[at] = Math.abs(noisy - value) < gap / 2 ? noisy : value; // float32 may round to the edge of the next step
      return 0;
    }
    if (kind !== "missing") {
      const expected = column.type === "date" ? "a date such as 2024-03-01" : "a number";
      wrong.push(
        `row ${rowName(current.block, current.at)}, column "${name}" holds ${JSON.stringify(cellText(cell).slice(0, 40))}, expected ${expected}`,
      );
      if (wrong.length >= LISTED) refuse();
      return 0;
    }
    if (column.missing === 0) unexpectedlyMissing.set(name, (unexpectedlyMissing.get(name) ?? 0) + 1);
    const spread = std || 1;
    const z = rng.normal();
    out[at] = mean - origin + spread * z;
    return -0.5 * z * z - Math.log(spread) - 0.5 * Math.log(2 * Math.PI);
  };

  const codeOf = ({ column }: Slot, cell: Cell | undefined): number => {
    const value = reader.read(cell) === "missing" ? null : cellText(cell);
    const known = codes.get(column)!;
    const code = known.get(value);
    if (code !== undefined) return code;
    const fresh = unseen.get(column.name) ?? new Set<string>();
    if (fresh.size < LISTED)
      fresh.add(value === null ? "a missing value" : JSON.stringify(value.slice(0, 40)));
    unseen.set(column.name, fresh);
    return known.size;
  };

  return {
    names,
    encode(block) {
      const { count, columns } = block;
      const rows = new Float32Array(count * names.length);
      const fillLog = new Float64Array(count);
      const ids: string[] = [];
      const rowNames = block.numbers.map((_, i) => rowName(block, i));
      current.block = block;
      for (let i = 0; i < count; i++) {
        row++;
        current.at = i;
        const rng = makeRng(STREAM, seed, row);
        for (const slot of slots) {
          const at = i * names.length + slot.at;
          const cell = columns[slot.from]?.at(i);
          if (isNumeric(slot.column)) fillLog[i]! += numberOf(slot, cell, rng, rows, at);
          else rows[at] = codeOf(slot, cell) + rng.uniform() - 0.5;
        }
        if (idAt >= 0) ids.push(detached(cellText(columns[idAt]?.at(i))));
      }
      return { rows, count, fillLog, ids, rowNames };
    },
    notes: () => [
      ...[...unseen].map(
        ([name, values]) => `column "${name}" holds ${[...values].join(", ")}, which no training row has`,
      ),
      ...[...unexpectedlyMissing].map(
        ([name, count]) => `column "${name}" lacks ${count} values; in training it lacked none`,
      ),
    ],
    end() {
      if (wrong.length > 0) refuse();
    },
  };
}

/** The columns that the flow gets, in the order of its numbers. */
export function columnSlots({ columns }: TableSchema): ColumnSlot[] {
  let at = 0;
  return columns
    .filter(({ use }) => use === "model")
    .map((column) => {
      const slot = { column, at, indicator: hasIndicator(column) };
      at += slot.indicator ? 2 : 1;
      return slot;
    });
}
