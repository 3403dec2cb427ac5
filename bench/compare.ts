import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { paperNames, UsageError, zooNames } from "@flowify/core";
import { loadDataSet } from "flowify";
import type { BenchResult } from "./network.js";
import { type NetworkResult, resultsPage } from "./results.js";
import { runJson } from "./run-json.js";

const help = `Trains networks for an epoch, measures them on the test images, times their step, and writes the
comparison with the authors' figures to docs/results/networks.md. A network that is run again
replaces its old numbers; the others stay.

  npm run -s compare -- --all                       all networks, ours and those of the paper (hours on two cores)
  npm run -s compare -- mnist/fconv2 mnist/fmlp     only these
  --data-dir DIR      folder of the files of cifar10
  --runs FOLDER       keep the runs in FOLDER, as data-network; existing runs are not trained again
  --steps N           training steps instead of an epoch
  --limit N           only the first N training images
  --bench-steps N     timed steps (default 20)
  --out FOLDER        folder of the page (default docs/results)`;

/** Each network in the version of the recipe and of the paper. */
const networks: readonly string[] = [...zooNames, ...paperNames];

const root = fileURLToPath(new URL("..", import.meta.url));
const flowify = join(root, "packages/cli/bin/flowify.js");
const bench = join(root, "bench/run.ts");

function commit(): string {
  const git = (...args: string[]): string =>
    spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout.trim();
  return `${git("rev-parse", "--short", "HEAD") || "unknown"}${git("status", "--porcelain", "-uno") === "" ? "" : " with changes"}`;
}

type Inspection = Pick<NetworkResult, "parameters" | "paper">;
type Evaluation = NetworkResult["test"] & Pick<NetworkResult, "ledger">;
type Config = {
  data: { examples: number };
  steps: number;
  batch: number;
  seed: number;
  training: { learningRate: number; orthogonalRate: number };
};
type Options = {
  dataDir: string | undefined;
  runs: string | undefined;
  steps: string | undefined;
  limit: string | undefined;
  benchSteps: string;
};

async function compareNetwork(network: string, options: Options): Promise<NetworkResult> {
  const { dataDir, steps, limit, benchSteps, runs } = options;
  const folder = runs ?? mkdtempSync(join(tmpdir(), "flowify-compare-"));
  const data = network.slice(0, network.indexOf("/"));
  const place = data === "cifar10" && dataDir !== undefined ? ["--data-dir", dataDir] : [];
  const length = steps === undefined ? ["--epochs", "1"] : ["--steps", steps];
  const few = limit === undefined ? [] : ["--limit", limit];
  try {
    const out = join(folder, network.replace("/", "-"));
    const { parameters, paper } = runJson<Inspection>(flowify, ["inspect", network]);
    if (!existsSync(join(out, "config.json"))) {
      const recipe = ["--recipe", network, "--pictures", "last", "--evaluate-every", "1000", "--out", out];
      runJson(flowify, ["train", ...recipe, ...place, ...length, ...few]);
    }
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as Config;
    const { examples, splitSize, bpd, stdErr, ledger } = runJson<Evaluation>(flowify, [
      "evaluate",
      out,
      ...place,
    ]);
    const { partOf } = await loadDataSet({ name: data, ...(place.length > 0 && { dir: dataDir }) }, "train");
    const { stepMs, gMs, stepPerG, fraction, peakRssMb, machine } = runJson<BenchResult>(bench, [
      network.endsWith(":paper") ? network : `${network}:recipe`,
      ...place,
      "--steps",
      benchSteps,
    ]);
    return {
      network,
      parameters,
      ...(paper && { paper }),
      steps: config.steps,
      batch: config.batch,
      seed: config.seed,
      learningRate: config.training.learningRate,
      orthogonalRate: config.training.orthogonalRate,
      train: { examples: config.data.examples, ...(partOf && { splitSize: partOf.size }) },
      test: { examples, ...(splitSize !== undefined && { splitSize }), bpd, stdErr },
      ledger,
      bench: { stepMs, gMs, stepPerG, fraction, peakRssMb },
      commit: commit(),
      machine,
    };
  } finally {
    if (runs === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Adds a network's numbers to those of the others and rewrites the page. */
function keep(result: NetworkResult, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "networks.json");
  const old = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as NetworkResult[]) : [];
  const all = [...old.filter(({ network }) => network !== result.network), result].sort(
    (a, b) => networks.indexOf(a.network) - networks.indexOf(b.network),
  );
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(join(folder, "networks.md"), resultsPage(all));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      "data-dir": { type: "string" },
      runs: { type: "string" },
      steps: { type: "string" },
      limit: { type: "string" },
      "bench-steps": { type: "string", default: "20" },
      out: { type: "string", default: join(dirname(bench), "../docs/results") },
    },
  });
  if (values.help || (!values.all && positionals.length === 0)) {
    process.stdout.write(`${help}\n`);
    return values.help ? 0 : 2;
  }
  const names = values.all ? networks : positionals;
  const unknown = names.find((name) => !networks.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no network "${unknown}"; expected one of ${networks.join(", ")}`);
  const { steps, limit, runs, "bench-steps": benchSteps, "data-dir": dataDir } = values;
  for (const name of names)
    keep(await compareNetwork(name, { dataDir, runs, steps, limit, benchSteps }), values.out);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
