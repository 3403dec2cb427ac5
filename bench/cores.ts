import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { numbers as axis, drawChart, svgToPng } from "flowify/charts";
import { median } from "./matrix-product.js";
import type { BenchResult } from "./network.js";
import { benchJson, say, table } from "./processes.js";
import type { ScoreResult } from "./score.js";

/** Numbers of cores, as far as the machine has them. */
const CORES = [1, 2, 4, 8, 16];

/** What is timed: a step of so many examples, or scores. */
const WORK = [
  { name: "step of 32, transformer", args: ["transformer:recipe", "--batch", "32"] },
  { name: "step of 128, quick", args: ["quick", "--batch", "128"] },
  { name: "step of 128, fconv2", args: ["fconv2:recipe", "--batch", "128"] },
  { name: "scores, fconv2", args: ["fconv2:recipe", "--score"] },
] as const;
const PRODUCT = "product of 1024³ (g)";
type Timed = Readonly<{ ms: number; gMs: number }>;

/** A bench in a process that may use the first so many cores alone: taskset of util-linux sees to it. */
function onCores(cores: number, args: readonly string[]): Timed {
  const own = ["taskset", "--cpu-list", `0-${cores - 1}`];
  const found = benchJson<BenchResult | ScoreResult>([...args, "--steps", "20"], own);
  return { ms: "stepMs" in found ? found.stepMs : found.scoreMs, gMs: found.gMs };
}

/**
 * Times steps and scores on 1, 2, 4, … cores: prints milliseconds, how many times faster than one core, and the time in g; draws how
 * many times faster into `cores.png` of a folder.
 */
export async function benchCores(folder: string): Promise<void> {
  const numbers = CORES.filter((cores) => cores <= availableParallelism());
  const timed = WORK.map(({ name, args }) => ({
    name,
    all: numbers.map((cores) => {
      const own = onCores(cores, args);
      say(`${name}, cores ${cores}: ${own.ms.toFixed(0)} ms, g ${own.gMs.toFixed(1)} ms`);
      return own;
    }),
  }));
  const times = [
    ...timed.map(({ name, all }) => ({ name, ms: all.map(({ ms }) => ms), g: all.map(({ gMs }) => gMs) })),
    { name: PRODUCT, ms: numbers.map((_, k) => median(timed.map(({ all }) => all[k]?.gMs ?? Number.NaN))) },
  ];
  const gain = (ms: readonly number[], k: number): number => (ms[0] ?? 0) / (ms[k] ?? 1);
  const cells = times.map((each) => [
    each.name,
    ...each.ms.map((own, k) => {
      const faster = k > 0 ? ` (${gain(each.ms, k).toFixed(2)})` : "";
      const inG = "g" in each ? `, ${(own / (each.g[k] ?? Number.NaN)).toFixed(1)} g` : "";
      return `${own.toFixed(own < 100 ? 1 : 0)}${faster}${inG}`;
    }),
  ]);
  console.log(table(["", ...numbers.map((cores) => `${cores} core${cores > 1 ? "s" : ""}`)], cells));
  const values = times.flatMap(({ name, ms }) =>
    numbers.slice(1).map((cores, k) => ({ name, cores: String(cores), gain: gain(ms, k + 1) })),
  );
  const svg = await drawChart(
    {
      width: 520,
      height: 34 * times.length,
      data: { values },
      mark: { type: "bar" },
      encoding: {
        x: axis(
          "gain",
          "times faster than one core",
          [0, Math.max(2, ...values.map((each) => each.gain))],
          {},
        ),
        y: { field: "name", type: "nominal", sort: times.map(({ name }) => name), title: null },
        yOffset: { field: "cores", type: "nominal", sort: numbers.map(String) },
        color: { field: "cores", type: "nominal", sort: numbers.map(String), title: "cores" },
      },
    },
    { title: "Steps and scores on more cores" },
  );
  writeFileSync(join(folder, "cores.png"), await svgToPng(svg));
}
