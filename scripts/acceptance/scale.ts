import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { atMost, type Check, equal, notRun, powers, type Row } from "./check.js";
import { hang, kills } from "./scale-faults.js";
import { type Launcher, launchers, run } from "./scale-job.js";
import { removeCheckpoint, sameCheckpoint, stepsOf, writeNetwork, writeRows } from "./scale-runs.js";

type Rows = { [what: string]: Row };

/** Steps of the run that is killed, and of the runs that are compared. */
const LONG = 2000;
const SHORT = 100;
const CLOSE = 1e-4;

/**
 * Training by several ranks of MPI: the same bits as one process and as itself, close to one process for any number of
 * ranks; killed and hanging ranks. With `--file WORD` only the parts with this word in their name.
 */
export const scale: Check = {
  name: "scale",
  needs: [],
  slow: true,
  async run({ scratch, say, file = "" }) {
    if (launchers.length === 0)
      return { "": notRun("neither mpirun (Open MPI) nor mpiexec.mpich is installed") };
    const data = join(scratch, "rows.npy");
    const networkFile = join(scratch, "net.json");
    writeRows(data, 4000, 7);
    writeNetwork(networkFile);
    const often = "--evaluate-every 100000 --checkpoint-every 25 --quiet";
    const words = `train --batch 64 --threads 1 --pictures none ${often}`.split(" ");
    const files = ["--data", data, "--network", networkFile];
    const train = (steps: number): string[] => [...words, ...files, "--steps", String(steps)];
    const rows: Rows = {};
    for (const launcher of launchers) {
      const wanted = (part: string): boolean => `${launcher.name} ${part}`.includes(file);
      const place = join(scratch, launcher.name.replace(" ", ""));
      mkdirSync(place);
      const whole = `${place}-whole`;
      const trial = { launcher, train: train(LONG), whole, steps: LONG, scratch: place, say };
      if (wanted("bits")) Object.assign(rows, await bits(launcher, train(SHORT), place, say));
      if (["kills", "hang"].some(wanted)) {
        say("a run that nobody kills");
        await run(launcher, 2, [...trial.train, "--out", trial.whole]);
      }
      if (wanted("kills")) Object.assign(rows, await kills(trial));
      if (wanted("hang")) Object.assign(rows, await hang(trial));
    }
    return rows;
  },
};

/** One rank has the bits of no MPI; two and four ranks those of their second run, and losses close to one rank's. */
async function bits(
  launcher: Launcher,
  train: readonly string[],
  place: string,
  say: (text: string) => void,
): Promise<Rows> {
  const rows: Rows = {};
  const folder = (name: string): string => `${place}-${name}`;
  const trained = async (name: string, ranks: number): Promise<string> => {
    say(name);
    await run(ranks === 0 ? undefined : launcher, ranks, [...train, "--out", folder(name)]);
    return folder(name);
  };
  const alone = await trained("alone", 0);
  const one = await trained("one rank", 1);
  rows[`${launcher.name}, 1 rank: bits of no MPI`] = equal(sameCheckpoint(one, alone, SHORT), true);
  for (const ranks of [2, 4]) {
    const [first, second] = [
      await trained(`${ranks} ranks`, ranks),
      await trained(`${ranks} ranks again`, ranks),
    ];
    rows[`${launcher.name}, ${ranks} ranks: bits of the second run`] = equal(
      sameCheckpoint(first, second, SHORT),
      true,
    );
    rows[`${launcher.name}, ${ranks} ranks: farthest loss from one process in ${SHORT} steps`] = atMost(
      farthest(stepsOf(first), stepsOf(alone)),
      CLOSE,
      powers,
    );
  }
  const moved = folder("2 ranks again");
  say("4 ranks from the middle of 2");
  removeCheckpoint(moved, SHORT);
  await run(launcher, 4, ["train", "--resume", moved]);
  rows[`${launcher.name}, 2 ranks, resumed with 4: farthest loss from 2 ranks`] = atMost(
    farthest(stepsOf(moved), stepsOf(folder("2 ranks"))),
    CLOSE,
    powers,
  );
  return rows;
}

/** The farthest two losses of a step; NaN where one run has more steps than the other. */
const farthest = (found: ReturnType<typeof stepsOf>, expected: ReturnType<typeof stepsOf>): number =>
  found.length === expected.length
    ? Math.max(...found.map(({ loss = Number.NaN }, i) => Math.abs(loss - (expected[i]?.loss ?? Number.NaN))))
    : Number.NaN;
