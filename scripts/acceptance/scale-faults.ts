import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Ended } from "../processes.js";
import { atMost, equal, fixed, type Row } from "./check.js";
import { type Launcher, ranksWith, run, start } from "./scale-job.js";
import { halfCheckpoints, metricsLength, sameCheckpoint } from "./scale-runs.js";

type Rows = { [what: string]: Row };
export type Trial = Readonly<{
  launcher: Launcher;
  /** The arguments of a run, without `--out`, and the folder of the same run to its end. */
  train: readonly string[];
  whole: string;
  steps: number;
  scratch: string;
  say: (text: string) => void;
}>;

const KILLS = 30;
const RANKS = 2;
/** A rank that is silent for so many seconds counts as lost, and the job ends so many later at most. */
const LIMIT_S = 5;
const SLACK_S = 5;

/** Waits until a run has taken steps beyond these, or its job has ended. */
async function trains(folder: string, before: number, end: Promise<Ended>): Promise<void> {
  let ended = false;
  void end.then(() => {
    ended = true;
  });
  while (!ended && metricsLength(folder) <= before) await wait(20);
}

/**
 * Kills a random rank of a run at a random time, and resumes it, thirty times: some while they start, the others while
 * they train. The end is that of a run that nobody killed, bit for bit.
 */
export async function kills({ launcher, train, whole, steps, scratch, say }: Trial): Promise<Rows> {
  const folder = join(scratch, "killed");
  let [named, half, killed] = [0, 0, 0];
  while (killed < KILLS) {
    const before = metricsLength(folder);
    const how = before === 0 ? [...train, "--out", folder] : ["train", "--resume", folder];
    const job = start(launcher, RANKS, how);
    if (Math.random() < 0.2) await wait(3000 * Math.random());
    else {
      await trains(folder, before, job);
      await wait(200 * Math.random());
    }
    const rank = Math.floor(RANKS * Math.random());
    const pid = ranksWith(folder).get(rank);
    if (pid === undefined) {
      const { status, output } = await job;
      if (status === 0) throw new Error(`the run ended after ${killed} kills: give it more steps`);
      throw new Error(`no rank ${rank} to kill: ${output.slice(-500)}`);
    }
    process.kill(pid, "SIGKILL");
    const { output } = await job;
    killed++;
    named += Number(output.includes(`rank ${rank}`) || output.includes(`PID ${pid}`));
    half += metricsLength(folder) > 0 ? halfCheckpoints(folder).length : 0;
    say(`kill ${killed}: rank ${rank}`);
  }
  await run(launcher, RANKS, ["train", "--resume", folder]);
  const what = `${launcher.name}, ${KILLS} kills`;
  return {
    [`${what}: the rank is named`]: equal(named, KILLS),
    [`${what}: half checkpoints`]: equal(half, 0),
    [`${what} and resumes: last checkpoint, bit for bit`]: equal(sameCheckpoint(folder, whole, steps), true),
  };
}

/** Stops a rank (SIGSTOP): the job ends within a stated time, names it, and resumes bit for bit. */
export async function hang({ launcher, train, whole, steps, scratch, say }: Trial): Promise<Rows> {
  const rows: Rows = {};
  for (const rank of [0, 1]) {
    say(`rank ${rank} hangs`);
    const folder = join(scratch, `stopped-${rank}`);
    const job = start(launcher, RANKS, [...train, "--rank-timeout", String(LIMIT_S), "--out", folder]);
    await trains(folder, 0, job);
    await wait(500);
    const pid = ranksWith(folder).get(rank);
    if (pid === undefined) throw new Error(`no rank ${rank}: ${(await job).output.slice(-500)}`);
    process.kill(pid, "SIGSTOP");
    const began = performance.now();
    const { output } = await job;
    const what = `${launcher.name}, rank ${rank} hangs`;
    const seconds = (performance.now() - began) / 1000;
    rows[`${what}: seconds to the end of the job`] = atMost(seconds, LIMIT_S + SLACK_S, fixed(1));
    const message = new RegExp(`rank ${rank} \\(.*\\) has not answered for ${LIMIT_S} s`);
    rows[`${what}: is named`] = equal(message.test(output), true);
    await run(launcher, RANKS, ["train", "--resume", folder]);
    rows[`${what}: resumed, bit for bit`] = equal(sameCheckpoint(folder, whole, steps), true);
  }
  return rows;
}
