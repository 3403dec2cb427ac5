import { readFileSync } from "node:fs";
import { join } from "node:path";
import { atMost, type Check, type Evaluation, type Row } from "./check.js";
import { runNode } from "./node.js";

const flowify = "packages/cli/bin/flowify.js";
const JUDGES = ["data/onnx/zoo_mnist-7.onnx", "data/onnx/renan_mnist_light.onnx"];
const SAMPLES = 1000;
/** Least share of samples that both classifiers name alike. */
const ALIKE = 0.3;

type Measured = Evaluation & {
  quality: {
    judges: readonly { samples: { frechet: number } }[];
    alike: { samples: number; heldOut: number };
  };
};

/** What `npm start` trains, its time, and what two classifiers say of its samples at temperature 1. */
export const samples: Check = {
  name: "samples",
  needs: JUDGES,
  async run({ dir, scratch, say }) {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { start: string } };
    const run = join(scratch, "run");
    const args = scripts.start.split(" ").slice(1);
    args[args.indexOf("--out") + 1] = run;
    const started = performance.now();
    await runNode(flowify, [...args, "--json"]);
    const seconds = (performance.now() - started) / 1000;
    say(`trained in ${seconds.toFixed(0)} s`);
    const judges = JUDGES.flatMap((file) => ["--judge", join(dir, file)]);
    const { bpd } = JSON.parse(await runNode(flowify, ["evaluate", run, "--json"])) as Evaluation;
    const how = ["--quality", ...judges, "--limit", String(SAMPLES), "--seed", "0", "--json"];
    const { quality } = JSON.parse(await runNode(flowify, ["evaluate", run, ...how])) as Measured;
    const show = (value: number) => value.toFixed(3);
    const rows: { [what: string]: Row } = {
      "npm start, seconds": atMost(seconds, 120, (value) => value.toFixed(0)),
      "npm start, bits per dimension": atMost(bpd, 1.5, show),
      "npm start, Fréchet distance": atMost(quality.judges[0]?.samples.frechet ?? Number.NaN, 2, show),
    };
    const { samples: alike, heldOut } = quality.alike;
    rows["npm start, alike to both classifiers"] = {
      figure: show(alike),
      limit: `≥ ${show(ALIKE)}, real digits ${show(heldOut)}`,
      verdict: alike >= ALIKE ? "ok" : "FAILED",
    };
    return rows;
  },
};
