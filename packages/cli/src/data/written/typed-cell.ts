import { type Cell, cellReader } from "../table/cell.js";
import type { WrittenColumn } from "./written-rows.js";

/** Turns cells into the type that JSON and Parquet have for them: `true` and `false` are no texts there. */
export function typedCell({ type }: WrittenColumn): (cell: Cell) => Cell {
  if (type !== "boolean") return (cell) => cell;
  const reader = cellReader();
  return (cell) => (reader.read(cell) === "missing" ? null : reader.value === 1);
}
