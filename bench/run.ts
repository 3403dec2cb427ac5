import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FlowifyError, paperNames, UsageError, zooNames } from "@flowify/core";
import { benchCores } from "./cores.js";
import { benchLaws } from "./laws.js";
import { type BenchResult, benchNetwork } from "./network.js";
import { benchPasses } from "./passes.js";
import { benchPosteriors } from "./posteriors.js";
import { benchCommand, benchJson, print, say } from "./processes.js";
import { type Profile, profileNetwork, showProfile } from "./profile.js";
import { benchReasons } from "./reasons.js";
import { benchRegression } from "./regression.js";
import { benchScore, type ScoreResult } from "./score.js";
import { benchSeries } from "./series.js";
import { type Speed, writeSpeedPage } from "./speed-page.js";
import { benchTables } from "./tables.js";

const devices = ["native", "wasm", "jax", "webgpu"] as const;

const help = `Times one whole training step of a network (batch 128: data, noise, loss, gradient, update) and
prints a line of JSON per network. It uses a random initialization, with which a step takes the same time. Every time is also given in g, the 1024 x 1024 x 1024 float32 product
in ONNX Runtime, measured between the steps of the same run.

  npm run bench -- fmlp              one network of MNIST
  npm run bench -- mnist/fmlp --json only JSON lines on standard output
  npm run bench -- fmlp:recipe       the default network, with our layers in front of the paper's
  npm run bench -- --all             every network of the paper, each in a separate process
  --steps N                          counted steps (default 40)
  --batch N                          examples of a step (default 128), in as many parts as are fastest
  --threads N                        of ONNX Runtime and of g, by default one for each core
  --data-dir DIR                     folder of the files of cifar10
  --device wasm                      on another device (native, wasm, jax, webgpu); g stays that of ONNX Runtime
  --score                            log p of 10,000 test images and 10,000 samples, instead of a step (medians of 5)
  --write                            with --all: steps and profiles of all networks into docs/results/speed.md
  --tables DIR                       detectors of odd rows on labelled sets (.npz with X and y): AUROC, average precision,
                                     seconds, false alarms; --sets N for the N smallest, --only NAME, --seeds N for as
                                     many splits (default 1), --contaminated to train on all rows,
                                     --threads N inside an operation
  --laws                             densities of known laws: mean log p on fresh rows of the truth, of a run by default and of each
                                     baseline; --only NAME, --rows N for one number of training rows, --seeds N for the seed
  --posteriors DIR                   posteriors of simulators against draws of reference: the accuracy of a classifier (C2ST);
                                     --only NAME,NAME, --simulations N (default 10000), --seeds N for the seed;
                                     --calibration for ranks (SBC) and expected coverage (TARP) in place of C2ST
  --regression DIR                   regression on sets with usual splits: log-likelihood, CRPS, coverage; --only NAME,
                                     --splits 0,1 for some splits (default all), --boosting for gradient boosting beside it
  --series                           faults of a plant in time, by the command, isolation forest and PCA (Python's sklearn): F1 at
                                     13 % false alarms; --seeds N for the seed
  --reasons DIR                      how often a column that was swapped is named, on the eight smallest of these sets with
                                     at least 1,000 normal rows and 4 to 40 columns
  --cores                            steps and scores on 1, 2, 4, 8 and 16 cores, as far as there are, into docs/results/cores.md, or
                                     into --out FOLDER, with a picture
  --passes                           steps and scores of the networks named, by default of MNIST's, with and without each pass of
                                     the lowering, into docs/results/passes.md, or into --out FOLDER; --only A,B for some
                                     passes, --graphs to compare graphs and time nothing, --threads N
  --profile                          the time of a step by kind of work, by primitive, by equation`;

const PAPER = ":paper";
const RECIPE = ":recipe";

/** `fmlp` is short for `mnist/fmlp:paper`; `fmlp:recipe` is the network of the recipe; `quick` and `best` are ours alone. */
function fullName(name: string): string {
  const full = name.includes("/") ? name : `mnist/${name}`;
  if (full.endsWith(RECIPE) && zooNames.includes(full.slice(0, -RECIPE.length)))
    return full.slice(0, -RECIPE.length);
  if (zooNames.includes(full) && !paperNames.includes(`${full}${PAPER}`)) return full;
  const paper = full.endsWith(PAPER) ? full : `${full}${PAPER}`;
  if (paperNames.includes(paper)) return paper;
  throw new UsageError(
    `there is no network "${name}"; expected one of ${zooNames.join(", ")}, for the network of the paper, or with ${RECIPE} after the name`,
  );
}

/** The short name that `fullName` resolves to this network. */
const shortName = (full: string): string => (full.endsWith(PAPER) ? full : `${full}${RECIPE}`);

const describe = (r: BenchResult): string =>
  `${r.network}: ${r.stepPerG.toFixed(2)} g per step (${r.stepMs.toFixed(1)} ms, g ${r.gMs.toFixed(2)} ms), ` +
  `${(100 * r.fraction).toFixed(0)} % of it is the counted floor; trace + compile ` +
  `${(r.traceMs + r.compileMs).toFixed(0)} ms, peak ${r.peakRssMb.toFixed(0)} MB`;

const describeScore = (r: ScoreResult): string =>
  `${r.network}: log p of ${r.examples} images ${r.scorePerG.toFixed(1)} g (${r.scoreMs.toFixed(0)} ms), ` +
  `as many samples ${r.drawPerG.toFixed(1)} g (${r.drawMs.toFixed(0)} ms), g ${r.gMs.toFixed(2)} ms`;

function deviceNamed(name: string): (typeof devices)[number] {
  const device = devices.find((each) => each === name);
  if (device === undefined) throw new UsageError(`--device ${name}: expected ${devices.join(" or ")}`);
  return device;
}

/** Step and profile of a network, each in a separate process. */
function speedOf(args: readonly string[]): Speed {
  const speed = { step: benchJson<BenchResult>(args), profile: benchJson<Profile>([...args, "--profile"]) };
  say(describe(speed.step));
  return speed;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${flag} ${text}: expected a positive integer`);
  return value;
}

const each = <const N extends string, T>(names: readonly N[], option: T): Record<N, T> =>
  Object.fromEntries(names.map((name) => [name, option])) as Record<N, T>;

const word = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const options = {
  ...each(["all", "json", "help", "profile", "score", "write", "passes", "graphs", "cores"], flag),
  ...each(["laws", "series", "boosting", "calibration", "contaminated"], flag),
  ...each(["tables", "reasons", "posteriors", "regression", "only", "splits"], word),
  ...each(["sets", "rows", "batch", "threads", "data-dir"], word),
  out: { ...word, default: fileURLToPath(new URL("../docs/results", import.meta.url)) },
  device: { ...word, default: "native" },
  steps: { ...word, default: "40" },
  simulations: { ...word, default: "10000" },
  seeds: { ...word, default: "1" },
} as const;

function readArguments() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const number = (name: "sets" | "threads" | "rows" | "batch"): number | undefined =>
    values[name] === undefined ? undefined : positive(name, values[name]);
  return {
    ...values,
    names: positionals,
    sets: number("sets"),
    rows: number("rows"),
    batch: number("batch"),
    threads: number("threads"),
    steps: positive("steps", values.steps),
    simulations: positive("simulations", values.simulations),
    seed: positive("seeds", values.seeds),
    seeds: positive("seeds", values.seeds),
    splits: values.splits?.split(",").map(Number),
    dataDir: values["data-dir"],
  };
}

type Given = ReturnType<typeof readArguments>;

/** Benchmarks by the flag that asks for them; those of data have the folder as its value. */
const benchmarks = {
  tables: (given) => benchTables(given.tables ?? "", given),
  laws: (given) => benchLaws(given),
  posteriors: (given) => benchPosteriors(given.posteriors ?? "", given),
  regression: (given) => benchRegression(given.regression ?? "", given),
  series: async ({ seed }) => benchSeries(seed),
  reasons: async ({ reasons = "", seeds }) => {
    for (let seed = 0; seed < seeds; seed++) await benchReasons(reasons, seed);
  },
  cores: ({ out }) => benchCores(out),
  passes: (given) => {
    const ofMnist = paperNames.filter((name) => name.startsWith("mnist/"));
    const networks = given.names.length > 0 ? given.names.map(fullName) : ofMnist;
    return benchPasses({ ...given, networks, graphsOnly: given.graphs });
  },
} satisfies { [K in keyof Given]?: (given: Given) => Promise<void> };

async function main(): Promise<number> {
  const given = readArguments();
  for (const [name, run] of Object.entries(benchmarks))
    if (given[name as keyof typeof benchmarks]) {
      await run(given);
      return 0;
    }
  const { names: named, threads, batch, steps, dataDir, json } = given;
  if (given.help || (!given.all && named.length === 0)) {
    process.stdout.write(`${help}\n`);
    return given.help ? 0 : 2;
  }
  if (steps < 5) throw new UsageError("--steps must be an integer of at least 5");
  const names = given.all ? [...paperNames] : named.map(fullName);
  const [only] = names.length === 1 ? names : [];
  if (only !== undefined) {
    const told = (result: object, words: string): void => {
      print(result);
      if (!json) say(words);
    };
    if (given.profile) {
      const profile = await profileNetwork(only, steps, dataDir);
      process.stdout.write(`${json ? JSON.stringify(profile) : showProfile(profile)}\n`);
    } else if (given.score) {
      const result = await benchScore(only, dataDir);
      told(result, describeScore(result));
    } else {
      const result = await benchNetwork(only, {
        steps,
        dataDir,
        device: deviceNamed(given.device),
        ...(batch !== undefined && { batch, parts: "fastest" as const }),
        ...(threads !== undefined && { threads }),
      });
      told(result, describe(result));
    }
    return 0;
  }
  if (given.write) {
    const place = dataDir === undefined ? [] : ["--data-dir", dataDir];
    writeSpeedPage(
      given.out,
      names.map((name) => speedOf([shortName(name), "--steps", String(steps), ...place])),
    );
    return 0;
  }
  // a separate process each, so that the peak memory is that of the network
  let failed = 0;
  const common = process.argv.slice(2).filter((arg) => arg !== "--all" && !named.includes(arg));
  for (const name of names) {
    const [command, ...args] = benchCommand([shortName(name), ...common]);
    if (spawnSync(command, args, { stdio: "inherit" }).status !== 0) failed++;
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const known =
    error instanceof FlowifyError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = error instanceof FlowifyError && error.code !== "USAGE" ? 1 : 2;
}
