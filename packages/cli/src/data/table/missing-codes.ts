import { type Block, type CellColumn, columnBlock } from "./block.js";
import type { Cell } from "./cell.js";

/** True for a cell that is one of these codes, as a text or as a number: -999 is also -999.0. */
export function codeTest(codes: readonly string[]): (cell: Cell) => boolean {
  const texts = new Set(codes);
  const numbers = new Set(codes.map(Number).filter((code) => !Number.isNaN(code)));
  return (cell) =>
    typeof cell === "string"
      ? texts.has(cell) || (cell !== "" && numbers.has(Number(cell)))
      : numbers.has(cell as number);
}

/** Blocks in which these codes are missing values. */
export async function* withoutCodes(
  blocks: AsyncGenerator<Block>,
  codes: readonly string[],
): AsyncGenerator<Block> {
  if (codes.length === 0) return yield* blocks;
  const isCode = codeTest(codes);
  const without = ({ at, numbers, dates }: CellColumn): CellColumn => ({
    at: (row) => (isCode(at(row)) ? null : at(row)),
    ...(numbers && {
      numbers: dates ? numbers : numbers.map((value) => (isCode(value) ? Number.NaN : value)),
    }),
    ...(dates && { dates }),
  });
  for await (const { columns, numbers, source } of blocks)
    yield columnBlock(columns.map(without), numbers, source);
}
