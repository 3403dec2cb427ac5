import { join } from "node:path";
import { atMost, type Check, equal, type Row } from "./check.js";
import { byRanks, hashOf, KILLS, killed, measured } from "./long-job.js";
import { rowsIn, writeLongRows } from "./long-rows.js";

const ROWS = 20_000_000;
const TRAINING = 5000;
const KIB_PER_MIB = 1024;

/** Fewer rows are scored before three kills have come. */
const FEWEST_FOR_KILLS = 100_000;

/** Rows that are scored by all parts of the detector, and by ranks, at most. */
const FEW = 1_000_000;
const MOST_MIB = 1024;

/** What `flowify score` says of its speed. */
const speedOf = (said: string): string =>
  /^.* rows a second, .*$/m.exec(said)?.[0] ?? "too few rows for a speed";

/**
 * Scores 20 million rows of ten columns of a Parquet file by the flow, in memory that does not grow with them, and fewer by all parts
 * of the detector and by two ranks. FLOWIFY_ROWS sets another number, FLOWIFY_SCORE another score.
 */
export const longTable: Check = {
  name: "long-table",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const rows = Number(process.env.FLOWIFY_ROWS ?? ROWS);
    const score = process.env.FLOWIFY_SCORE ?? "flow";
    const [known, trained] = [join(scratch, "known.parquet"), join(scratch, "run")];
    const [file, scored] = [join(scratch, "rows.parquet"), join(scratch, "scored.parquet")];
    await writeLongRows(known, TRAINING, 0);
    await measured("train", "--data", known, "--out", trained, "--pictures", "none", "--quiet");
    await writeLongRows(file, rows, 1);
    say(`${rows} rows are written`);
    const args = ["score", trained, "--score", score, "--data", file];
    const { seconds, peakKiB, said } = await measured(...args, "--out", scored);
    say(`score ${score}: ${Math.round(rows / seconds)} rows a second with the start; ${speedOf(said)}`);
    const lines = await rowsIn(scored);
    const kills: Record<string, Row> = {};
    if (rows < FEWEST_FOR_KILLS) say(`kills: not run with fewer than ${FEWEST_FOR_KILLS} rows`);
    else {
      const again = join(scratch, "again.parquet");
      kills["kills in the middle"] = equal(await killed([...args, "--quiet"], again, rows), KILLS);
      await measured(...args, "--quiet", "--out", again);
      const isSame = (await hashOf(again)) === (await hashOf(scored));
      kills["scores after three kills"] = equal(isSame ? "the same bytes" : "other bytes", "the same bytes");
      const few = join(scratch, "few.parquet");
      await writeLongRows(few, Math.min(rows, FEW), 2);
      const all = await measured("score", trained, "--data", few, "--out", join(scratch, "all.parquet"));
      say(`score combination, ${Math.min(rows, FEW)} rows: ${speedOf(all.said)}`);
      const wanted = await hashOf(join(scratch, "all.parquet"));
      Object.assign(
        kills,
        await byRanks(["score", trained, "--data", few, "--quiet"], join(scratch, "ranks.parquet"), wanted),
      );
    }
    return {
      ...kills,
      "rows scored": equal(lines, rows),
      "peak memory": atMost(peakKiB / KIB_PER_MIB, MOST_MIB, (value) => `${value.toFixed(0)} MiB`),
    };
  },
};
