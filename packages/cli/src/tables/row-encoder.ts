import { DataError } from "@flowify/core";
import { type Block, type CellColumn, rowName } from "../data/table/block.js";
import { type Cell, cellReader, cellText } from "../data/table/cell.js";
import { LISTED, listFirst, type Table } from "../data/table/table.js";
import type { Findings } from "./columns/column-kind.js";
import { kindOf, type ModelColumn, widthOf, widthOfAll } from "./columns/kinds.js";

/** Encodes the blocks of one table. */
export type RowEncoder = Readonly<{
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

/** Of a column that a file lacks. */
const NOTHING: CellColumn = { at: () => null };

/** @param path of the table, for messages */
export function detectorEncoder(
  path: string,
  table: Pick<Table, "names">,
  columns: readonly ModelColumn[],
): RowEncoder {
  const unseen = new Map<string, Set<string>>();
  const lacking = new Map<string, number>();
  const findings: Findings = {
    reader: cellReader(),
    unseen(column, value) {
      const others = unseen.get(column) ?? new Set();
      if (others.size < LISTED) others.add(JSON.stringify(value.slice(0, 40)));
      unseen.set(column, others);
    },
    lacking(column) {
      lacking.set(column, (lacking.get(column) ?? 0) + 1);
    },
  };
  const width = widthOfAll(columns);
  let next = 0;
  const writers = columns.map((column) => {
    const first = next;
    next += widthOf(column);
    const from = table.names.indexOf(column.name);
    return { column, from, first, write: kindOf(column).encode(column, findings) };
  });
  return {
    width,
    notes: () => [
      ...[...unseen].map(
        ([name, values]) => `column "${name}" holds ${[...values].join(", ")}, which no training row has`,
      ),
      ...[...lacking].map(
        ([name, count]) => `column "${name}" lacks ${count} values; in training it lacked none`,
      ),
    ],
    encode(block) {
      const rows = new Float32Array(block.count * width);
      const wrong: WrongCell[] = [];
      for (const { column, from, first, write } of writers) {
        const cells = block.columns[from] ?? NOTHING;
        for (const row of write(cells, rows, first, width)) wrong.push({ row, column, cell: cells.at(row) });
      }
      if (wrong.length > 0) throw wrongCells(path, block, wrong);
      return rows;
    },
  };
}

type WrongCell = Readonly<{ row: number; column: ModelColumn; cell: Cell }>;

/** Cells of another kind, by rows. */
function wrongCells(path: string, block: Block, wrong: readonly WrongCell[]): DataError {
  const found = [...wrong].sort((a, b) => a.row - b.row).slice(0, LISTED);
  const lines = found.map(({ row, column, cell }) => {
    const text = JSON.stringify(cellText(cell).slice(0, 40));
    return `row ${rowName(block, row)}, column "${column.name}" holds ${text}, expected ${kindOf(column).expected}`;
  });
  return new DataError(`${path}: ${listFirst(lines, wrong.length)}\ncorrect these cells`);
}
