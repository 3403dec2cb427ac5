import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { atMost, type Check, equal, type Row } from "./check.js";
import { rowsIn, writeLongRows } from "./long-rows.js";
import { launchers, ranksWith, run, start } from "./scale-job.js";
import { writeRows } from "./wide-table.js";

const ROWS = 20_000_000;
const TRAINING = 5000;
const KIB_PER_MIB = 1024;
const EVERY_MS = 200;

/** Fewer rows are scored before three kills have come. */
const FEWEST_FOR_KILLS = 100_000;
const KILLS = 3;

/** Rows that are scored by all parts of the detector, and by ranks, at most. */
const FEW = 1_000_000;
const MOST_MIB = 1024;

const flowify = (args: readonly string[]) =>
  spawn(process.execPath, [resolve("packages/cli/bin/flowify.js"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });

/** Runs flowify; gives its seconds, the peak of its resident size in KiB, as Linux counts it, and what it says. */
async function measured(
  ...args: readonly string[]
): Promise<{ seconds: number; peakKiB: number; said: string }> {
  const began = performance.now();
  const child = flowify(args);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let peakKiB = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {} // it has ended
  }, EVERY_MS);
  const [status] = (await once(child, "close")) as [number | null];
  clearInterval(watch);
  if (status !== 0) throw new Error(`flowify ${args.join(" ")} ended with ${status ?? "a signal"}: ${said}`);
  return { seconds: (performance.now() - began) / 1000, peakKiB, said };
}

/** Rows of an unfinished output that are recorded. */
function recorded(out: string, ending = ".part"): number {
  const record = join(`${out}${ending}`, "progress.json");
  if (!existsSync(record)) return 0;
  return (JSON.parse(readFileSync(record, "utf8")) as { state: { rows: number } }).state.rows;
}

/** Kills the command as soon as this share of the rows is scored, for each share; returns how often it was killed so. */
async function killed(args: readonly string[], out: string, rows: number): Promise<number> {
  let kills = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const child = flowify([...args, "--out", out]);
    const closed = once(child, "close");
    const before = recorded(out);
    const wanted = Math.max(before + 1, (rows * kill) / (KILLS + 2));
    while (recorded(out) < wanted && child.exitCode === null) await setTimeout(2);
    child.kill("SIGKILL");
    const [, signal] = await closed;
    if (signal === "SIGKILL") kills++;
  }
  return kills;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** What `flowify score` says of its speed. */
const speedOf = (said: string): string =>
  /^.* rows a second, .*$/m.exec(said)?.[0] ?? "too few rows for a speed";

/** The same file by two ranks: the bytes of one process, after one of the ranks was killed in the middle. */
async function byRanks(
  args: readonly string[],
  out: string,
  wanted: string,
): Promise<{ [what: string]: Row }> {
  const [launcher] = launchers;
  if (launcher === undefined)
    return { "two ranks": { figure: "not run: no launcher of MPI", limit: "", verdict: "open" } };
  const job = start(launcher, 2, [...args, "--out", out]);
  while (recorded(join(`${out}.part`, "rank-2-of-2"), "") === 0 && job.process.exitCode === null)
    await setTimeout(2);
  const pid = ranksWith(out).get(1);
  if (pid !== undefined) process.kill(pid, "SIGKILL");
  const { output } = await job.end;
  await run(launcher, 2, [...args, "--out", out]);
  return {
    "rank 1 is killed: the error": equal(
      /rank 1\b/.test(output) ? "names it" : output.slice(-300),
      "names it",
    ),
    "two ranks, one of them killed": equal(
      (await hashOf(out)) === wanted ? "the bytes of one process" : "other bytes",
      "the bytes of one process",
    ),
  };
}

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
    const [known, trained] = [join(scratch, "known.csv"), join(scratch, "run")];
    const [file, scored] = [join(scratch, "rows.parquet"), join(scratch, "scored.parquet")];
    await writeRows(known, TRAINING, 0);
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
