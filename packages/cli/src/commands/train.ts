import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.js";
import { decay, nonEmpty, positiveNumber, wholeNumber } from "./parsers.js";
import { type CommonFlags, commonFlags, seedFlag } from "./shared.js";

export type TrainFlags = CommonFlags & {
  data?: string;
  dataDir?: string;
  limit?: number;
  network?: string;
  epochs?: number;
  steps?: number;
  batch?: number;
  density?: "gaussian" | "mixture";
  lr?: number;
  clip?: number;
  ema?: number;
  seed?: number;
  out?: string;
  resume?: string;
  force?: boolean;
  checkpointEvery?: number;
};

const text = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, optional: true, placeholder, brief }) as const;

const count = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(1), optional: true, placeholder: "N", brief }) as const;

export const trainCommand = buildCommand<TrainFlags, [], CliContext>({
  loader: async () => (await import("../actions/train.js")).train,
  parameters: {
    flags: {
      data: text("NAME", "Data set, or the path of a folder of idx files (default: mnist)"),
      dataDir: text("DIR", "Folder that holds the data set's files"),
      limit: count("Only the first N training images"),
      network: text("NAME", "Network to flowify; flowify inspect lists them (default: fmlp)"),
      epochs: count("Passes over the training images (default: 1)"),
      steps: count("Training steps, instead of --epochs"),
      batch: count("Images a step (default: 128)"),
      lr: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "RATE",
        brief: "Step size at its highest, for all parameters (default: 0.001)",
      },
      clip: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "NORM",
        brief: "Scale gradients down to this norm (default: 500)",
      },
      ema: {
        kind: "parsed",
        parse: decay,
        optional: true,
        placeholder: "DECAY",
        brief: "Average the weights with this decay, 0.999 say (default: 0, no average)",
      },
      density: {
        kind: "enum",
        values: ["gaussian", "mixture"],
        optional: true,
        brief: "How dropped coordinates are modelled (default: mixture)",
      },
      seed: seedFlag("Decides start values, order of the images and every noise (default: 0)"),
      out: text("DIR", "Folder of the run (default: a new one, runs/DATA-NETWORK)"),
      resume: text("DIR", "Go on with the run in DIR from its last checkpoint"),
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Replace the run that --out holds",
      },
      checkpointEvery: count("Steps between checkpoints (default: an epoch, at most 1000)"),
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Train a flowified network on images",
    fullDescription: `Turns an ordinary network into a flow and trains it by maximum likelihood.

The folder of the run gets checkpoints (safetensors + JSON), metrics.jsonl, the resolved
config.json, and three pictures: samples.png, reconstructions.png, ledger.png.
Ctrl-C ends after the current step with a checkpoint; --resume goes on from it and gives
the same numbers as a run that was never stopped.

EXAMPLES
  flowify train                                      one epoch of fmlp on MNIST
  flowify train --epochs 20 --seed 7 --out runs/a    longer, into a folder of your choice
  flowify train --resume runs/a                      go on after an interruption
  flowify train --data fashion-mnist --data-dir ~/data/fashion
  flowify train --limit 1000 --steps 20              a quick try`,
  },
});
