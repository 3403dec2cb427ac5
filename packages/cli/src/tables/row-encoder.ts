import { DataError } from "@flowify/core";
import { type Block, rowName } from "../data/table/block.js";
import { type Cell, cellReader, cellText } from "../data/table/cell.js";
import { LISTED, listFirst, type Table } from "../data/table/table.js";
import { countOf } from "../ui/format.js";
import type { Findings } from "./columns/column-kind.js";
import { ownColumns, type TableColumn } from "./columns/kinds.js";

/** Encodes the blocks of one table. */
export type RowEncoder = Readonly<{
  width: number;
  /**
   * Rows [n, width], a number a column.
   *
   * @throws DataError for texts among numbers, with the first five of the block
   */
  encode(block: Block): Float32Array;
  /** What the training rows did not have, a line each. */
  notes(): string[];
}>;

/**
 * @param path of the table, for messages
 * @param predict columns that are NaN where they are missing, whatever they hold
 */
export function rowEncoder(
  path: string,
  table: Pick<Table, "names">,
  columns: readonly TableColumn[],
  predict: readonly string[] = [],
): RowEncoder {
  const unseen = new Map<string, Set<string>>();
  const lacking = new Map<string, number>();
  const between = new Map<string, Set<string>>();
  const findings: Findings = {
    reader: cellReader(),
    unseen(column, value) {
      const others = unseen.get(column) ?? new Set();
      if (others.size < LISTED)
        others.add(value === "" ? "a missing value" : JSON.stringify(value.slice(0, 40)));
      unseen.set(column, others);
    },
  };
  const own = ownColumns(columns);
  const writers = own.map((column) => ({
    column,
    from: table.names.indexOf(column.name),
    write: column.kind.encode(column.found, findings),
  }));
  const width = own.length;
  const stepOf = (name: string): number =>
    Number(own.find((column) => column.name === name)?.found.gap?.toPrecision(6));
  return {
    width,
    notes: () => [
      ...[...unseen].map(
        ([name, values]) => `column "${name}" holds ${[...values].join(", ")}, which no training row has`,
      ),
      ...[...lacking].map(
        ([name, count]) => `column "${name}" lacks ${countOf(count, "value")}; in training it lacked none`,
      ),
      ...[...between].map(
        ([name, values]) =>
          `column "${name}" holds ${[...values].join(", ")}, where training rows have steps of ${stepOf(name)}`,
      ),
    ],
    encode(block) {
      const rows = new Float32Array(block.count * width);
      const wrong: WrongCell[] = [];
      for (const { column, from, write } of writers) {
        const { name, kind, found, place } = column;
        const cells = block.columns[from];
        if (cells === undefined) {
          for (let at = place; at < rows.length; at += width) rows[at] = Number.NaN;
          continue;
        }
        for (const row of write(cells, rows, place, width)) wrong.push({ row, column, cell: cells.at(row) });
        for (const row of betweenSteps(column, rows, width)) {
          const values = between.get(name) ?? new Set();
          if (values.size < LISTED) values.add(cellText(cells.at(row)).slice(0, 40));
          between.set(name, values);
        }
        // a missing name has a code like that of one that training did not have
        if (predict.includes(name) && !kind.isNumber && !found.values?.includes(null))
          for (let row = 0; row < block.count; row++)
            if (findings.reader.read(cells.at(row)) === "missing") rows[row * width + place] = Number.NaN;
        if (!found.range || found.missing > 0) continue;
        let count = lacking.get(name) ?? 0;
        for (let at = place; at < rows.length; at += width) count += Number(Number.isNaN(rows[at]));
        if (count > 0) lacking.set(name, count);
      }
      if (wrong.length > 0) throw wrongCells(path, block, wrong);
      return rows;
    },
  };
}

/** What a number lies beside the steps of its column at least, in steps, and the rounding of float32, to not count as rounding. */
const BESIDE = { steps: 2e-3, rounding: 2 ** -22 } as const;

/** Rows whose number lies between two of the steps on which all training rows lie: 0.2 in place of 20, say. */
function betweenSteps({ found, place }: TableColumn, rows: Float32Array, width: number): number[] {
  const { range, gap = 0, uneven, type, origin = 0, atoms = [] } = found;
  if (!range || gap === 0 || uneven || type === "date") return [];
  const least = range.least - origin;
  const shared = atoms.map((value) => Math.fround(value - origin));
  return Array.from({ length: rows.length / width }, (_, row) => row).filter((row) => {
    const value = rows[row * width + place]!;
    const steps = (value - least) / gap;
    const beside = Math.abs(steps - Math.round(steps)) * gap;
    return beside > BESIDE.steps * gap + BESIDE.rounding * Math.abs(value) && !shared.includes(value);
  });
}

type WrongCell = Readonly<{ row: number; column: TableColumn; cell: Cell }>;

/** Cells of another kind, by rows. */
function wrongCells(path: string, block: Block, wrong: readonly WrongCell[]): DataError {
  const found = [...wrong].sort((a, b) => a.row - b.row).slice(0, LISTED);
  const lines = found.map(({ row, column, cell }) => {
    const text = JSON.stringify(cellText(cell).slice(0, 40));
    return `row ${rowName(block, row)}, column "${column.name}" holds ${text}, expected ${column.kind.expected}`;
  });
  return new DataError(
    `${path}: ${listFirst(lines, wrong.length)}\ncorrect these cells, or leave the columns out of training by --drop`,
  );
}
