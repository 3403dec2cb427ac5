import type { TrainFlags } from "../actions/train-flags.js";
import { buildCommand } from "../flags/build-command.js";
import { decay, nonEmpty, positiveNumber, wholeNumber } from "../flags/parsers.js";
import {
  commonFlags,
  normalizeFlag,
  pictureChoices,
  readingParameters,
  seedFlag,
  tableParameters,
} from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

const text = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, optional: true, placeholder, brief }) as const;

const count = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(1), optional: true, placeholder: "N", brief }) as const;

export const trainCommand = buildCommand<TrainFlags, [], CliContext>({
  loader: async () => (await import("../actions/train.js")).train,
  parameters: {
    flags: {
      recipe: text("NAME", "Network, data, schedule and step sizes in one name, such as mnist/fconv2"),
      data: text(
        "NAME",
        "Data set, or the path of a folder or file of images or rows (default: the data of the network, or mnist)",
      ),
      dataDir: text("DIR", "Folder with the files of the data set"),
      ...readingParameters,
      ...tableParameters,
      contaminated: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "The table holds anomalies: its detector leaves the oddest training rows out",
      },
      limit: count("Only the first N training images"),
      validation: {
        kind: "parsed",
        parse: wholeNumber(0),
        optional: true,
        placeholder: "N",
        brief:
          "Hold out the last N training images and keep the best state on them (default: 0; with auto, vector/…, table/… and --from a tenth, at most 1000)",
      },
      flip: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Flip each training image left to right with probability 1/2",
      },
      network: text(
        "NAME",
        "Name of a network, a file net.json, or auto, which builds one for the data (default: fmlp; auto for your own data)",
      ),
      from: text(
        "DIR",
        "Pretrained network that flowify convert wrote; trains its inverse and keeps its function",
      ),
      normalize: normalizeFlag,
      free: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "With --from: train the function as well",
      },
      epochs: count("Passes over the training data (default: 1, or as many as the recipe or auto sets)"),
      steps: count("Training steps, instead of --epochs"),
      batch: count("Examples per step (default: set by the network; 128 for most)"),
      lr: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "RATE",
        brief: "Peak step size of all parameters (default: set by the network)",
      },
      orthogonalLr: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "RATE",
        brief: "Peak step size of orthogonal parameters (default: --lr)",
      },
      warmup: {
        kind: "parsed",
        parse: wholeNumber(0),
        optional: true,
        placeholder: "N",
        brief: "Steps of linear warm-up, at most a tenth of the run (default: 100)",
      },
      clip: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "NORM",
        brief: "Largest norm of the gradient; longer ones are scaled down (default: 500)",
      },
      ema: {
        kind: "parsed",
        parse: decay,
        optional: true,
        placeholder: "DECAY",
        brief: "Decay of an average of the weights, such as 0.999 (default: 0, no average)",
      },
      density: {
        kind: "enum",
        values: ["gaussian", "mixture"],
        optional: true,
        brief: "Density of dropped coordinates (default: mixture)",
      },
      seed: seedFlag("Seed of the initialization, the order of the data and all noise (default: 0)"),
      out: text("DIR", "Folder of the run (default: runs/DATA-NETWORK)"),
      resume: text("DIR", "Continue the run in DIR from its last checkpoint"),
      force: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Replace the run in --out",
      },
      checkpointEvery: count("Steps between checkpoints (default: one epoch, at most 1000)"),
      evaluateEvery: count("Epochs between measurements; the last epoch is always measured (default: 1)"),
      pictures: {
        kind: "enum",
        values: pictureChoices,
        optional: true,
        brief: "Write pictures at each measurement, at the last one, or never (default: each)",
      },
      fallback: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "If the device is missing or fails, continue on another from the last checkpoint",
      },
      tensorboard: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Also write TensorBoard event files; tensorboard --logdir runs shows them",
      },
      check: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Check the output of every layer before each step and name the first that is not finite",
      },
      workers: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief:
          "Parts of a batch that the native device computes side by side; changes last digits (default: as flowify devices --measure found, or 2)",
      },
      rankTimeout: {
        kind: "parsed",
        parse: wholeNumber(2),
        optional: true,
        placeholder: "SECONDS",
        brief: "Under mpirun: seconds of silence after which a rank counts as lost (default: 30)",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Train a flowified network on images or rows of numbers",
    fullDescription: `Turns an ordinary network into a flow and trains it by maximum likelihood. Use it to get a
density, an anomaly score or a generator from images or rows of numbers.

After each epoch flowify measures the run on the test images, or on the validation images
where some are held out. It then writes the pictures of the run. The run's folder holds
checkpoints (safetensors + JSON), metrics.jsonl, the resolved config.json and the newest
pictures: samples.png, samples-mean.png, reconstructions.png, ledger.png, curve.png.
The folder pictures keeps those of every epoch.

--recipe NAME chooses a network, its schedule and its step sizes. NAME:paper follows the protocol
of the paper. mnist/quick makes digits that most people read, in minutes; mnist/best and cifar10/best
aim at the best likelihood: over an hour on two cores. Other flags override the recipe.

Your own data get a network that fits their shape (--network auto): convolutions for images,
couplings for rows. flowify inspect auto --data FILE shows it. For rows there are also
vector/coupling, vector/spline and vector/dense, and for tables (.csv, .jsonl, .parquet, .arrow)
table/couplings (the default), table/additive, table/dense and table/gaussian. An array
[rows, columns] in a .npy or .npz file is rows, too. Their likelihood is given in nats per
row, and samples.png shows pairs of columns.

With held-out examples flowify measures the initial state and twenty later states on them.
It keeps the best one, and evaluate, sample and the other commands use it.

Your own network is a JSON file:
  { "inShape": [1, 28, 28], "layers": [{ "kind": "dequantize" }, { "kind": "conv2d", "out": 8,
    "kernel": 4, "stride": 4 }, { "kind": "rqSpline" }, { "kind": "flatten" }, { "kind": "linear", "out": 16 }] }

--from DIR takes a pretrained network that flowify convert wrote. Pixels are dequantized and
normalized in front of it (--normalize), so likelihoods are those of pixels. The function of the
network stays the same, bit for bit; flowify checks this at the end. --free trains it as well.

Ctrl-C stops after the current step and writes a checkpoint. --resume continues from it and produces
the same numbers as a run that was never stopped.

mpirun -n N flowify train … trains with N processes on one machine or many, by Open MPI or MPICH.
Each computes its part of every batch; a rank that is silent for --rank-timeout seconds ends the job.

EXAMPLES
  flowify train                                      one epoch of fmlp on MNIST
  flowify train --epochs 20 --seed 7 --out runs/a    a longer run in a chosen folder
  flowify train --resume runs/a                      continue after an interruption
  flowify train --recipe mnist/quick                 digits in minutes
  flowify train --recipe mnist/fconv2 --epochs 10    a shorter recipe
  flowify train --network cifar10/fconv2 --data-dir ~/data/cifar-10-batches-bin --flip
  flowify train --network ./net.json                 your own network
  flowify train --from converted --normalize 0.1307:0.3081
  flowify train --data fashion-mnist --data-dir ~/data/fashion
  flowify train --data faces.npy --network ./net.json
  flowify train --data ~/photographs --size 64x64
  flowify train --data sensors.npy --out runs/sensors
  flowify train --data sensors.npy --network vector/spline
  mpirun -n 4 flowify train --data sensors.npy       four processes share every batch
  flowify train --data 'orders-*.parquet' --id order --where "total > 0"
  flowify train --limit 1000 --steps 20              a quick trial`,
  },
});
