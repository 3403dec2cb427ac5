import { join } from "node:path";
import { atMost, type Check, equal } from "./check.js";
import { byRanks, hashOf, KILLS, killed, measured } from "./long-job.js";
import { rowsIn, writeLongRows } from "./long-rows.js";

const ROWS = 10_000_000;
const TRAINING = 5000;
const KIB_PER_MIB = 1024;

/** Rows that ranks sample at most. */
const FEW = 1_000_000;
const MOST_MIB = 1024;

/**
 * Samples 10 million rows of ten columns into a Parquet file, in memory that does not grow with them: once, with three kills, and
 * fewer by two ranks of which one is killed. FLOWIFY_ROWS sets another number.
 */
export const longSample: Check = {
  name: "long-sample",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const rows = Number(process.env.FLOWIFY_ROWS ?? ROWS);
    const [known, trained] = [join(scratch, "known.parquet"), join(scratch, "run")];
    const [sampled, again] = [join(scratch, "sampled.parquet"), join(scratch, "again.parquet")];
    await writeLongRows(known, TRAINING, 0);
    await measured("train", "--data", known, "--out", trained, "--pictures", "none", "--quiet");
    const args = ["sample", trained, "--quiet", "--count", String(rows)];
    const { seconds, peakKiB } = await measured(...args, "--out", sampled);
    say(`${Math.round(rows / seconds)} rows a second with the start`);
    const kills = await killed(args, again, rows);
    await measured(...args, "--out", again);
    const isSame = (await hashOf(again)) === (await hashOf(sampled));
    const few = ["sample", trained, "--quiet", "--count", String(Math.min(rows, FEW))];
    const one = join(scratch, "one.parquet");
    await measured(...few, "--out", one);
    return {
      "rows sampled": equal(await rowsIn(sampled), rows),
      "peak memory": atMost(peakKiB / KIB_PER_MIB, MOST_MIB, (value) => `${value.toFixed(0)} MiB`),
      "kills in the middle": equal(kills, KILLS),
      "samples after three kills": equal(isSame ? "the same bytes" : "other bytes", "the same bytes"),
      ...(await byRanks(few, join(scratch, "ranks.parquet"), await hashOf(one))),
    };
  },
};
