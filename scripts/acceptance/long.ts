import { dirname, join } from "node:path";
import { duckdbRows } from "../../test/support/duckdb-files.js";
import { succeeded } from "../processes.js";
import { atMost, type Check, equal, fixed, type Row } from "./check.js";
import { flowifyToEnd } from "./node.js";

const COLUMNS = 10;

/** Writes a Parquet file of so many rows of ten correlated columns of doubles. */
async function writeLongRows(file: string, rows: number, seed: number): Promise<void> {
  const normal = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())";
  const columns = Array.from({ length: COLUMNS }, (_, i) => `round(common + 0.5 * ${normal}, 4) AS x${i}`);
  const rowsOf = `(SELECT ${normal} AS common FROM range(${rows}))`;
  await duckdbRows(
    `SELECT setseed(${seed / 10}); COPY (SELECT ${columns.join(", ")} FROM ${rowsOf}) TO '${file}' (FORMAT parquet)`,
    dirname(file),
  );
}

/** Rows of a Parquet file. */
const rowsIn = async (file: string): Promise<number> =>
  Number((await duckdbRows(`SELECT count(*) AS count FROM '${file}'`, dirname(file)))[0]?.count);

/** Runs the command; throws where it fails. */
const measured = (...args: readonly string[]) => succeeded(args, flowifyToEnd(args));

const TRAINING = 5000;
const ROWS = { score: 20_000_000, sample: 10_000_000 } as const;
const MOST_MIB = 1024;

/**
 * Scores 20 million rows of ten columns of a Parquet file by the flow, and samples 10 million, in memory that does not grow with
 * them. FLOWIFY_ROWS sets another number, FLOWIFY_SCORE another score.
 */
export const long: Check = {
  name: "long",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const place = (name: string): string => join(scratch, name);
    const count = (what: keyof typeof ROWS): number => Number(process.env.FLOWIFY_ROWS ?? ROWS[what]);
    await writeLongRows(place("known.parquet"), TRAINING, 0);
    const run = place("run");
    await measured("train", "--data", place("known.parquet"), "--out", run, "--pictures", "none", "--quiet");
    await writeLongRows(place("rows.parquet"), count("score"), 1);
    const score = ["--score", process.env.FLOWIFY_SCORE ?? "flow", "--data", place("rows.parquet")];
    const rows: { [what: string]: Row } = {};
    for (const [what, args] of [
      ["score", score],
      ["sample", ["--count", String(count("sample"))]],
    ] as const) {
      const out = place(`${what}d.parquet`);
      const { seconds, peakMiB, said } = await measured(what, run, ...args, "--out", out);
      const speed = /^.* rows a second, .*$/m.exec(said)?.[0] ?? "";
      say(`${what}: ${Math.round(count(what) / seconds)} rows a second with the start; ${speed}`);
      rows[`${what}: rows`] = equal(await rowsIn(out), count(what));
      rows[`${what}: peak memory`] = atMost(peakMiB, MOST_MIB, fixed(0, " MiB"));
    }
    return rows;
  },
};
