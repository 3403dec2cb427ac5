import type { PartRange } from "../data/table/table.js";
import type { EncodedTable } from "../tables/encoded-table.js";

/** Rows of a cut at least, where the file says how many there are: a group of rows of the output. */
const LEAST_ROWS = 100_000;

/** Rows that are scored together, whoever scores them: the output has the same bytes with any number of processes. */
export type Cut = Readonly<{
  table: EncodedTable;
  /** Missing: all rows. */
  range?: PartRange;
  /** Where the file says it. */
  rows?: number;
  bytes: number;
}>;

/** The cuts of tables, in the order of their rows. */
export const cutsOf = (tables: readonly EncodedTable[]): Cut[] => tables.flatMap(cutsOfTable);

function cutsOfTable(table: EncodedTable): Cut[] {
  const { parts } = table;
  if (parts === undefined) return [{ table, bytes: 1 }];
  const cuts: Cut[] = [];
  let [from, rows, bytes] = [0, 0, 0];
  for (const [i, part] of parts.entries()) {
    rows += part.rows ?? Number.NaN;
    bytes += part.bytes;
    if (rows < LEAST_ROWS && i < parts.length - 1) continue;
    const range = { from, to: i + 1 };
    cuts.push({ table, range, bytes, ...(!Number.isNaN(rows) && { rows }) });
    [from, rows, bytes] = [i + 1, 0, 0];
  }
  return cuts;
}

/** The cuts of one of several processes: neighbours, about as many bytes for each process. */
export function cutsOfRank(cuts: readonly Cut[], rank: number, size: number): Cut[] {
  const all = cuts.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  return cuts.filter(({ bytes }) => {
    const middle = before + bytes / 2;
    before += bytes;
    return Math.min(size - 1, Math.floor((middle / all) * size)) === rank;
  });
}
