import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Check, notRun, type Row } from "./check.js";
import { hang, kills } from "./scale-faults.js";
import { launchers, run } from "./scale-job.js";
import { writeNetwork, writeRows } from "./scale-runs.js";

/** Steps of the run that is killed. */
const STEPS = 2000;

/** Training by two ranks of MPI that are killed, or hang. With `--file WORD` only the parts with this word in their name. */
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
    const often = `--evaluate-every 100000 --checkpoint-every 25 --steps ${STEPS} --quiet`;
    const words = `train --batch 64 --threads 1 --pictures none ${often}`.split(" ");
    const train = [...words, "--data", data, "--network", networkFile];
    const rows: { [what: string]: Row } = {};
    for (const launcher of launchers) {
      const parts = Object.entries({ kills, hang }).filter(([part]) =>
        `${launcher.name} ${part}`.includes(file),
      );
      if (parts.length === 0) continue;
      const place = join(scratch, launcher.name.replace(" ", ""));
      mkdirSync(place);
      const whole = `${place}-whole`;
      say("a run that nobody kills");
      await run(launcher, 2, [...train, "--out", whole]);
      const trial = { launcher, train, whole, steps: STEPS, scratch: place, say };
      for (const [, part] of parts) Object.assign(rows, await part(trial));
    }
    return rows;
  },
};
