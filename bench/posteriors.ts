import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { openExecutor } from "flowify";
import { posterior } from "flowify/posterior";
import { c2st } from "./c2st.js";
import { tasks } from "./simulators.js";

export type PosteriorsOptions = Readonly<{
  /** Only tasks whose name contains this. */
  only?: string | undefined;
  simulations: number;
  seed: number;
  threads?: number | undefined;
}>;

/** The numbers of an array in a file of numpy. */
function readNpy(path: string): Float32Array {
  const bytes = readFileSync(path);
  const length = bytes.readUInt16LE(8);
  const body = Uint8Array.from(bytes.subarray(10 + length)).buffer;
  const header = bytes.toString("latin1", 10, 10 + length);
  return header.includes("<f8") ? Float32Array.from(new Float64Array(body)) : new Float32Array(body);
}

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
export async function benchPosteriors(folder: string, options: PosteriorsOptions): Promise<void> {
  const { only = "", simulations, seed, threads } = options;
  const all = tasks(readNpy(join(folder, "bernoulli_glm", "stimulus.npy")));
  const names = Object.keys(all).filter((name) => name.includes(only));
  if (names.length === 0)
    throw new UsageError(`--only ${only}: expected one of ${Object.keys(all).join(", ")}`);
  const npe = published(folder, simulations);
  const executor = await openExecutor("native", { warn: console.error }, { threads });
  try {
    for (const name of names) {
      const task = all[name] as (typeof all)[string];
      const began = performance.now();
      let shown = "";
      const found = await posterior({
        ...task,
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
      const scores: number[] = [];
      for (const file of readdirSync(join(folder, name))
        .filter((each) => each.startsWith("observation_"))
        .sort()) {
        const reference = readNpy(join(folder, name, file.replace("observation", "reference")));
        const rows = await found.sample(reference.length / task.prior.size, {
          observed: readNpy(join(folder, name, file)),
          seed,
        });
        const draws = Float32Array.from(rows.flatMap((row) => [...row]));
        scores.push(await c2st(executor, draws, reference, task.prior.size));
      }
      await found.dispose();
      const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
      console.log(
        JSON.stringify({
          task: name,
          simulations,
          seconds: Math.round(seconds),
          c2st: Number(mean.toFixed(3)),
          published: npe.get(name),
          observations: scores.map((score) => Number(score.toFixed(3))),
        }),
      );
    }
  } finally {
    await executor.dispose();
  }
}
