import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { atMost, type Check, equal, type Row } from "./check.js";
import { writeRows } from "./wide-table.js";

const ROWS = 20_000_000;
const TRAINING = 5000;
const KIB_PER_MIB = 1024;
const EVERY_MS = 200;

/** Fewer rows are scored before three kills have come. */
const FEWEST_FOR_KILLS = 100_000;
const KILLS = 3;

const flowify = (args: readonly string[]) =>
  spawn(process.execPath, [resolve("packages/cli/bin/flowify.js"), ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });

/** Runs flowify; gives its seconds and the peak of its resident size in KiB, as Linux counts it. */
async function measured(...args: readonly string[]): Promise<{ seconds: number; peakKiB: number }> {
  const began = performance.now();
  const child = flowify(args);
  let peakKiB = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {} // it has ended
  }, EVERY_MS);
  const [status] = (await once(child, "close")) as [number | null];
  clearInterval(watch);
  if (status !== 0) throw new Error(`flowify ${args.join(" ")} ended with ${status ?? "a signal"}`);
  return { seconds: (performance.now() - began) / 1000, peakKiB };
}

/** Rows of an unfinished output that are recorded. */
function recorded(out: string): number {
  const record = join(`${out}.part`, "progress.json");
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

/** Scores 20 million rows of ten columns in memory that does not grow with them. FLOWIFY_ROWS sets another number. */
export const longTable: Check = {
  name: "long-table",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const rows = Number(process.env.FLOWIFY_ROWS ?? ROWS);
    const [known, run] = [join(scratch, "known.csv"), join(scratch, "run")];
    const [file, scored] = [join(scratch, "rows.csv"), join(scratch, "scored.csv")];
    await writeRows(known, TRAINING, 0);
    await measured("train", "--data", known, "--out", run, "--pictures", "none", "--quiet");
    await writeRows(file, rows, 1);
    const read = await measured("data", "describe", file);
    say(`reading alone: ${Math.round(rows / read.seconds)} rows a second`);
    const { seconds, peakKiB } = await measured("score", run, file, "--out", scored, "--quiet");
    say(`reading and scoring: ${Math.round(rows / seconds)} rows a second`);
    let lines = -1; // the header
    for await (const _ of createInterface({ input: createReadStream(scored) })) lines++;
    const kills: Record<string, Row> = {};
    if (rows < FEWEST_FOR_KILLS) say(`kills: not run with fewer than ${FEWEST_FOR_KILLS} rows`);
    else {
      const again = join(scratch, "again.csv");
      const args = ["score", run, file, "--quiet"];
      kills["kills in the middle"] = equal(await killed(args, again, rows), KILLS);
      await measured(...args, "--out", again);
      const isSame = (await hashOf(again)) === (await hashOf(scored));
      kills["scores after three kills"] = equal(isSame ? "the same bytes" : "other bytes", "the same bytes");
    }
    return {
      ...kills,
      "rows scored": equal(lines, rows),
      "peak memory": atMost(peakKiB / KIB_PER_MIB, 1536, (value) => `${value.toFixed(0)} MiB`),
    };
  },
};
