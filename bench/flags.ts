import { parseArgs } from "node:util";
import { UsageError } from "@flowify/core";
import { loweringPasses } from "jax-to-onnx";
import { fileHere } from "./processes.js";

export const help = `Times one whole training step of a network (batch 128: data, noise, loss, gradient, update) and
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
  --cores                            steps and scores on 1, 2, 4, 8 and 16 cores, as far as there are; a picture of them into
                                     docs/results, or into --out FOLDER
  --without A,B                      without these passes of the lowering: what a pass buys is the time without it beside that with all`;

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${flag} ${text}: expected a positive integer`);
  return value;
}

function passesNamed(asked: readonly string[]): readonly string[] {
  const names = loweringPasses.map(({ name }) => name);
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown === undefined) return asked;
  throw new UsageError(`there is no pass "${unknown}"; expected some of ${names.join(", ")}`);
}

const each = <const N extends string, T>(names: readonly N[], option: T): Record<N, T> =>
  Object.fromEntries(names.map((name) => [name, option])) as Record<N, T>;

const word = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const options = {
  ...each(["all", "json", "help", "score", "cores"], flag),
  ...each(["laws", "series", "boosting", "calibration", "contaminated"], flag),
  ...each(["tables", "reasons", "posteriors", "regression", "only", "splits", "without"], word),
  ...each(["sets", "rows", "batch", "threads", "data-dir"], word),
  out: { ...word, default: fileHere("../docs/results") },
  device: { ...word, default: "native" },
  steps: { ...word, default: "40" },
  simulations: { ...word, default: "10000" },
  seeds: { ...word, default: "1" },
} as const;

/** What is asked for. */
export type Given = ReturnType<typeof readArguments>;

export function readArguments() {
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
    without: values.without === undefined ? undefined : passesNamed(values.without.split(",")),
    splits: values.splits?.split(",").map(Number),
    dataDir: values["data-dir"],
  };
}
