import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Posterior, posterior } from "flowify/posterior";
import { elementsOf } from "../packages/cli/src/data/arrays/npy.js";
import { readNpyFile } from "../packages/cli/src/data/arrays/npy-file.js";
import { withExecutor } from "../packages/cli/src/executors.js";
import { rowsIn } from "../packages/cli/src/rows.js";
import { meanOf } from "../packages/cli/src/statistics.js";
import type { Given } from "./flags.js";
import { byPython, chosenBy, print, say } from "./processes.js";
import { tasks } from "./simulators.js";

/** Simulations and samples of each for the ranks; more simulations for the coverage, whose noise is 2 % with so many. */
const RANKS = { simulations: 1000, draws: 100 } as const;
const COVERAGE = { simulations: 4000, draws: 100 } as const;

const rounded = (value: number): number => Number(value.toFixed(3));

/** p of the ranks of each parameter (SBC) and the seconds that they take, and the largest gap of expected coverage (TARP). */
async function calibrationOf(found: Posterior, seed: number) {
  const began = performance.now();
  const { ranks } = await found.diagnose({ ...RANKS, seed });
  const seconds = (performance.now() - began) / 1000;
  const { largestGap } = await found.diagnose({ ...COVERAGE, seed: seed + 1 });
  return { sbc: ranks.map(({ p }) => rounded(p)), sbcSeconds: rounded(seconds), tarp: rounded(largestGap) };
}

const numbersIn = async (path: string): Promise<Float64Array> => elementsOf(await readNpyFile(path));

/** Mean C2ST of neural posterior estimation as published, by task, for this number of simulations. */
function published(folder: string, simulations: number): Map<string, number> {
  const power = { 1000: "10³", 10000: "10⁴", 100000: "10⁵" }[simulations];
  const rows = readFileSync(join(folder, "published.tsv"), "utf8").trim().split("\n").slice(1);
  return new Map(
    rows
      .map((row) => row.split("\t"))
      .filter(([, method, count]) => method === "NPE" && count === power)
      .map(([task = "", , , mean]) => [task, Number(mean)]),
  );
}

/** Posteriors of simulators with known ones: the accuracy of a classifier of our draws and those of reference, 0.5 at best. */
export async function benchPosteriors({
  posteriors: folder = "",
  only = "",
  ...given
}: Given): Promise<void> {
  const { simulations, seed, threads, calibration } = given;
  const all = tasks(await numbersIn(join(folder, "bernoulli_glm", "stimulus.npy")));
  const names = chosenBy(only, Object.keys(all));
  const npe = published(folder, simulations);
  await withExecutor({ device: "native", threads }, { warn: say }, async (executor) => {
    for (const name of names) {
      const task = all[name] as (typeof all)[string];
      const began = performance.now();
      let shown = "";
      const found = await posterior({
        ...task,
        workers: 0, // simulators that share functions
        simulations,
        seed,
        executor,
        onProgress: (stage, done) => {
          const next = `${name}: ${stage} ${Math.round(100 * done)} %`;
          if (next !== shown) process.stderr.write(`\r${next}  `);
          shown = next;
        },
      });
      const seconds = (performance.now() - began) / 1000;
      process.stderr.write("\r");
      if (calibration) {
        const judged = await calibrationOf(found, seed);
        await found.dispose();
        print({ task: name, simulations, seconds: Math.round(seconds), ...judged });
        continue;
      }
      const { size } = task.prior;
      const pairs: number[][][][] = [];
      for (const file of readdirSync(join(folder, name)).sort()) {
        if (!file.startsWith("observation_")) continue;
        const reference = await numbersIn(join(folder, name, file.replace("observation", "reference")));
        const observed = await numbersIn(join(folder, name, file));
        const drawn = await found.sample(reference.length / size, { observed, seed });
        pairs.push([drawn, rowsIn(reference, size)].map((rows) => rows.map((row) => [...row])));
      }
      await found.dispose();
      say(`${name}: a classifier of ${pairs.length} observations`);
      const scores = byPython<number[]>("c2st.py", pairs);
      print({
        task: name,
        simulations,
        seconds: Math.round(seconds),
        c2st: rounded(meanOf(scores)),
        published: npe.get(name),
        observations: scores.map(rounded),
      });
    }
  });
}
