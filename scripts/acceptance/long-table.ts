import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { atMost, type Check, equal } from "./check.js";
import { writeRows } from "./wide-table.js";

const ROWS = 20_000_000;
const TRAINING = 5000;
const KIB_PER_MIB = 1024;
const EVERY_MS = 200;

/** Runs flowify; gives its seconds and the peak of its resident size in KiB, as Linux counts it. */
async function measured(...args: readonly string[]): Promise<{ seconds: number; peakKiB: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, [resolve("packages/cli/bin/flowify.js"), ...args], {
    stdio: ["ignore", "ignore", "inherit"],
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
  if (status !== 0) throw new Error(`flowify ${args.join(" ")} ended with ${status ?? "a signal"}`);
  return { seconds: (performance.now() - began) / 1000, peakKiB };
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
    return {
      "rows scored": equal(lines, rows),
      "peak memory": atMost(peakKiB / KIB_PER_MIB, 1536, (value) => `${value.toFixed(0)} MiB`),
    };
  },
};
