import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { equal, type Row } from "./check.js";
import { launchers, ranksWith, run, start } from "./scale-job.js";

/** How often a command is killed. */
export const KILLS = 3;
const EVERY_MS = 200;

const flowify = (args: readonly string[]) =>
  spawn(process.execPath, [resolve("packages/cli/bin/flowify.js"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });

/** Runs flowify; gives its seconds, the peak of its resident size in KiB, as Linux counts it, and what it says. */
export async function measured(
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

/** Kills the command as soon as another share of the rows is written, three times; returns how often it was killed so. */
export async function killed(args: readonly string[], out: string, rows: number): Promise<number> {
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

export async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** The same file by two ranks: the bytes of one process, after one of the ranks was killed in the middle. */
export async function byRanks(
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
