import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { equal, type Row } from "./check.js";
import { run } from "./scale-job.js";

type Rows = { [what: string]: Row };

/** Runs a command in the control group of its first argument. */
const ENTER = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"';

/** Threads of a run that is started with these words in front; `train` without `--threads`. */
async function threadsOf(wrap: readonly string[], train: readonly string[], out: string): Promise<number> {
  await run(undefined, 1, [...train, "--force", "--out", out], wrap);
  const { environment } = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as {
    environment: { threads: number };
  };
  return environment.threads;
}

/** A control group with a quota of so many cores, by version 2 or 1; undefined where this process may make none. */
function controlGroup(cores: number): string | undefined {
  const name = `flowify-acceptance-${process.pid}`;
  const quota = 100_000 * cores;
  const versions = [
    ["/sys/fs/cgroup", "cpu.max", `${quota} 100000`],
    ["/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", String(quota)],
  ] as const;
  for (const [root, file, text] of versions) {
    const folder = join(root, name);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(folder, file), text, { flag: "r+" });
      return folder;
    } catch {
      rmdirSync(folder);
    }
  }
  return undefined;
}

/** A run has as many threads as cores that it may use: bound to some of them, or with the quota of a control group. */
export async function cores(train: readonly string[], scratch: string): Promise<Rows> {
  const rows: Rows = {};
  const out = join(scratch, "cores");
  for (const wanted of [1, 2].filter((count) => count <= availableParallelism())) {
    const bound = ["taskset", "-c", wanted === 1 ? "0" : `0-${wanted - 1}`];
    rows[`threads of a run bound to cores: ${wanted}`] = equal(await threadsOf(bound, train, out), wanted);
    const group = controlGroup(wanted);
    const what = `threads of a run in a control group of cores: ${wanted}`;
    if (group === undefined) {
      rows[what] = { figure: "not run: no control group can be made here", limit: "", verdict: "open" };
      continue;
    }
    try {
      rows[what] = equal(await threadsOf(["sh", "-c", ENTER, "sh", group], train, out), wanted);
    } finally {
      rmdirSync(group);
    }
  }
  return rows;
}
