import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { benchJson } from "../../bench/processes.js";
import { atLeast, atMost, type Check, type Evaluation, fixed, type Row } from "./check.js";
import { flowify, flowifyJson } from "./node.js";

const JUDGES = ["data/onnx/zoo_mnist-7.onnx", "data/onnx/renan_mnist_light.onnx"];
const SAMPLES = 1000;

/** Limits of `npm start`: wall time in products of 1024³, the part of it until the first picture, and its quality. */
const LIMITS = { time: 4500, picture: 1 / 3, bits: 1.2, frechet: 1, alike: 0.43 } as const;

/** How much faster a step has to be with two threads than with one, by batch. */
const FASTER: Readonly<Record<number, number>> = { 16: 1.3, 32: 1.6, 64: 1.6, 128: 1.6 };

/** Milliseconds between two looks for the first picture. */
const LOOK = 200;

type Step = { stepMs: number; gMs: number; parts: number };
type Measured = Evaluation & {
  quality: {
    judges: readonly { samples: { frechet: number } }[];
    alike: { samples: number; heldOut: number };
  };
};

/** A step of `mnist/quick` with so many threads, and g, in a process of its own. */
const stepOf = (batch: number, threads: number): Step =>
  benchJson(["quick", "--steps", "20", "--batch", String(batch), "--threads", String(threads)]);

/** What someone sees who types `npm start`: how soon, and how good; and what a second core is worth. */
export const firstLook: Check = {
  name: "first-look",
  needs: JUDGES,
  async run({ dir, scratch, say }) {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { start: string } };
    const run = join(scratch, "run");
    const args = scripts.start.split(" ").slice(1);
    args[args.indexOf("--out") + 1] = run;
    const rows: { [what: string]: Row } = {};

    const { gMs } = stepOf(32, 2);
    const started = performance.now();
    let picture: number | undefined;
    const watch = setInterval(() => {
      const drawn = statSync(join(run, "samples.png"), { throwIfNoEntry: false });
      if (drawn) picture ??= performance.now() - started;
    }, LOOK);
    await flowify([...args, "--json"]).finally(() => clearInterval(watch));
    const all = performance.now() - started;
    say(`trained in ${(all / 1000).toFixed(0)} s, g ${gMs.toFixed(1)} ms`);
    rows["npm start, in products of 1024³"] = atMost(all / gMs, LIMITS.time, fixed(0));
    const first = (picture ?? Number.POSITIVE_INFINITY) / all;
    rows["npm start, first picture after, of its time"] = atMost(first, LIMITS.picture, fixed(2));

    const { bpd } = await flowifyJson<Evaluation>(["evaluate", run]);
    const judges = JUDGES.flatMap((file) => ["--judge", join(dir, file)]);
    const how = ["--quality", ...judges, "--limit", String(SAMPLES), "--seed", "0"];
    const { quality } = await flowifyJson<Measured>(["evaluate", run, ...how]);
    rows["npm start, bits per dimension"] = atMost(bpd, LIMITS.bits, fixed(3));
    const frechet = quality.judges[0]?.samples.frechet ?? Number.NaN;
    rows["npm start, Fréchet distance"] = atMost(frechet, LIMITS.frechet, fixed(3));
    rows["npm start, alike to both classifiers"] = atLeast(quality.alike.samples, LIMITS.alike, fixed(3));

    for (const [batch, limit] of Object.entries(FASTER)) {
      const [one, two] = [stepOf(Number(batch), 1), stepOf(Number(batch), 2)];
      const faster = one.stepMs / two.stepMs;
      rows[`mnist/quick, batches of ${batch}: two threads against one`] = atLeast(faster, limit, fixed(2));
    }
    return rows;
  },
};
