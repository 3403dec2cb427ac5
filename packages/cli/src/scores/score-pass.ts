import { rowsOfSplit } from "../data/table/split-rows.js";
import { type PartRange, together } from "../data/table/table.js";
import type { OpenDetector } from "../detect/detector.js";
import type { ScoreKind } from "../detect/score-columns.js";
import type { TableDetector } from "../detect/table-detector.js";
import { valuesAt } from "../places.js";
import { takeRows } from "../rows.js";
import { type RunConfig, schemaOf } from "../run-config.js";
import { encodedWidth } from "../tables/columns/kinds.js";
import { type EncodedRows, type EncodedTable, joinRows } from "../tables/encoded-table.js";
import { openEncodedTable } from "../tables/read-rows.js";
import type { Terminal } from "../ui/terminal.js";

/** Rows of a cut at least, where the file says how many there are: a group of rows of the output. */
const LEAST_ROWS = 100_000;

/** Rows that are scored together, whoever scores them: the output has the same bytes with any number of processes. */
type Cut = Readonly<{
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

/** Rows, and numbers of them, that are scored together: enough to keep all cores busy. */
const PIECE = { rows: 4096, numbers: 2 ** 20 } as const;

/** Scored rows [n, width] in one piece. */
type Scored = Readonly<{
  names: readonly string[];
  rows: Float32Array;
  scores: Float64Array;
  /** No rows: those so far end a part of the output. */
  ends?: true;
}>;

/** Passes over the rows that are scored; each begins behind so many of them, whole pieces, which are not scored. */
type Pass = (skip: number) => AsyncGenerator<Scored>;

export type ScoreSource = Readonly<{
  found: TableDetector;
  open: OpenDetector;
  kind: ScoreKind;
  config: RunConfig;
  files: readonly string[];
  flags: Readonly<{ limit?: number; id?: string; where?: string }>;
  /** Of several processes, which one this is: each scores its part of the rows. */
  share?: Readonly<{ rank: number; size: number }> | undefined;
}>;

/** What is scored in passes. */
export type ScoredRows = Readonly<{
  pass: Pass;
  /** Rows of a pass, where the files say it. */
  total: number | undefined;
  /** Milliseconds that reading has taken so far. */
  readingMs(): number;
}>;

const END: Scored = { names: [], rows: new Float32Array(), scores: new Float64Array(), ends: true };

/** The rows of the files, or the test rows of the run's own table. */
export async function scoredRows(source: ScoreSource, { warn }: Pick<Terminal, "warn">): Promise<ScoredRows> {
  const { found, open, kind, config, files, flags, share = { rank: 0, size: 1 } } = source;
  const width = encodedWidth(found.detector);
  const options = { schema: schemaOf(config), id: flags.id, warn };
  const clock = stopwatch();
  const scoreOf = async ({ rows, names }: Pick<EncodedRows, "rows" | "names">): Promise<Scored> => ({
    names,
    rows,
    scores: (await open.score(rows, [kind]))[kind],
  });

  if (files.length === 0) {
    const where = config.data.reading?.where;
    const own = await openEncodedTable(config.data.name, { ...options, where });
    const all = await own.all();
    const test = rowsOfSplit(all.names.length, "test").subarray(0, flags.limit);
    const names = valuesAt(all.names, test);
    const rows = takeRows(all.rows, width, test);
    const pass: Pass = async function* (skip) {
      if (skip === 0) yield scoreOf({ rows, names });
    };
    return { pass, total: test.length, readingMs: clock.ms };
  }

  const tables: EncodedTable[] = [];
  for (const file of files) tables.push(await openEncodedTable(file, { ...options, where: flags.where }));
  const cuts = cutsOf(tables);
  // the first rows are found by counting all rows before
  const isWhole = flags.limit !== undefined;
  const mine = isWhole ? (share.rank === 0 ? cuts : []) : cutsOfRank(cuts, share.rank, share.size);
  const rows = mine.reduce((sum, cut) => sum + (cut.rows ?? Number.NaN), 0);

  async function* pass(skip: number): AsyncGenerator<Scored> {
    let [before, left] = [skip, flags.limit ?? Number.POSITIVE_INFINITY];
    for (const { table, range, rows: known = Number.POSITIVE_INFINITY } of mine) {
      if (before >= known && left === Number.POSITIVE_INFINITY) {
        before -= known;
        continue;
      }
      const prefix = files.length > 1 ? `${table.file}#` : "";
      for await (const { rows: all, names } of clock.measured(inPieces(table.rows(range), width))) {
        const count = Math.min(left, names.length);
        left -= count;
        if (before > 0) before -= count;
        else {
          const called = names.slice(0, count).map((name) => prefix + name);
          yield scoreOf({ rows: all.subarray(0, count * width), names: called });
        }
        if (left === 0) break;
      }
      if (before === 0) yield END;
      if (left === 0) break;
    }
    for (const table of tables) table.end();
  }
  const total = flags.limit === undefined ? rows : Math.min(flags.limit, rows);
  return { pass, total: Number.isNaN(total) ? undefined : total, readingMs: clock.ms };
}

/** Measures how long an iteration waits for the next value. */
function stopwatch() {
  let ms = 0;
  return {
    ms: () => ms,
    async *measured<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
      for (;;) {
        const began = performance.now();
        const { value, done } = await items.next();
        ms += performance.now() - began;
        if (done) return;
        yield value;
      }
    },
  };
}

/** Blocks put together; no piece holds rows of two cuts. */
async function* inPieces(blocks: AsyncGenerator<EncodedRows>, width: number): AsyncGenerator<EncodedRows> {
  const least = Math.min(PIECE.rows, Math.ceil(PIECE.numbers / width));
  for await (const some of together(blocks, ({ names }) => names.length, least)) yield joinRows(some);
}
