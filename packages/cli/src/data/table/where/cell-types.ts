import type { Block } from "../block.js";
import { type Cell, type CellKind, cellReader, cellText } from "../cell.js";

/** How a column enters a condition. */
export type SqlType = "DOUBLE" | "TIMESTAMP" | "BOOLEAN" | "VARCHAR";

const MICROSECONDS_PER_DAY = 86_400_000_000;

const typeOfKind: Partial<Record<CellKind, SqlType>> = {
  number: "DOUBLE",
  "out of range": "DOUBLE",
  date: "TIMESTAMP",
};

/** The type of a column: that of all cells of the first rows; texts where they differ. */
export function sqlTypeOf(blocks: readonly Block[], column: number): SqlType {
  const reader = cellReader();
  let found: SqlType | undefined;
  for (const { rows } of blocks)
    for (const row of rows) {
      const cell = row[column];
      const kind = reader.read(cell);
      if (kind === "missing") continue;
      const type = typeof cell === "boolean" ? "BOOLEAN" : (typeOfKind[kind] ?? "VARCHAR");
      if (found !== undefined && found !== type) return "VARCHAR";
      found = type;
    }
  return found ?? "VARCHAR";
}

/** A value as the condition sees it: null where it is missing, undefined where the cell is of another type. */
export function sqlValues(type: SqlType) {
  const reader = cellReader();
  return (cell: Cell | undefined): string | number | boolean | bigint | null | undefined => {
    const kind = reader.read(cell);
    if (kind === "missing") return null;
    if (type === "VARCHAR") return cellText(cell);
    if (type === "BOOLEAN") return typeof cell === "boolean" ? cell : undefined;
    if (typeOfKind[kind] !== type) return undefined;
    if (type === "DOUBLE" && !Number.isNaN(reader.value)) return reader.value;
    if (type === "DOUBLE") return cellText(cell).startsWith("-") ? -Number.MAX_VALUE : Number.MAX_VALUE; // ±inf
    return BigInt(Math.round(reader.value * MICROSECONDS_PER_DAY));
  };
}
