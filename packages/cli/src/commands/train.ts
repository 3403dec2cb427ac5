import type { CliContext } from "../context.js";
import type { Reading } from "../data/format.js";
import { buildCommand } from "./build-command.js";
import { decay, type Normalization, nonEmpty, positiveNumber, wholeNumber } from "./parsers.js";
import {
  type CommonFlags,
  commonFlags,
  normalizeFlag,
  type PictureChoice,
  pictureChoices,
  readingParameters,
  seedFlag,
} from "./shared.js";

export type TrainFlags = CommonFlags &
  Reading & {
    recipe?: string;
    data?: string;
    dataDir?: string;
    limit?: number;
    validation?: number;
    flip?: boolean;
    network?: string;
    from?: string;
    normalize?: Normalization;
    free?: boolean;
    epochs?: number;
    steps?: number;
    batch?: number;
    density?: "gaussian" | "mixture";
    lr?: number;
    orthogonalLr?: number;
    warmup?: number;
    clip?: number;
    ema?: number;
    seed?: number;
    out?: string;
    resume?: string;
    force?: boolean;
    checkpointEvery?: number;
    evaluateEvery?: number;
    pictures?: PictureChoice;
    fallback?: boolean;
    tensorboard?: boolean;
    check?: boolean;
  };

const text = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, optional: true, placeholder, brief }) as const;

const count = (brief: string) =>
  ({ kind: "parsed", parse: wholeNumber(1), optional: true, placeholder: "N", brief }) as const;

export const trainCommand = buildCommand<TrainFlags, [], CliContext>({
  loader: async () => (await import("../actions/train.js")).train,
  parameters: {
    flags: {
      recipe: text("NAME", "Network, data, schedule and rates at once: mnist/fconv2, mnist/fconv2:paper"),
      data: text(
        "NAME",
        "Data set, or the path of a folder or file of images or rows (default: that of the network, or mnist)",
      ),
      dataDir: text("DIR", "Folder that holds the data set's files"),
      ...readingParameters,
      limit: count("Only the first N training images"),
      validation: {
        kind: "parsed",
        parse: wholeNumber(0),
        optional: true,
        placeholder: "N",
        brief:
          "Hold out the last N training images and judge the run by its best state on them (default: 0; a tenth, at most 1000, with auto, vector/… and --from)",
      },
      flip: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Mirror the images of a step left to right, each with probability 1/2",
      },
      network: text(
        "NAME",
        "Network to flowify, a file net.json, or auto: built for the data (default: fmlp, auto for data of your own)",
      ),
      from: text(
        "DIR",
        "A trained network that flowify convert wrote: train its inverses, its function stays",
      ),
      normalize: normalizeFlag,
      free: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "With --from: train the function too",
      },
      epochs: count("Passes over the training images (default: 1, those of the recipe, or what auto needs)"),
      steps: count("Training steps, instead of --epochs"),
      batch: count("Images a step (default: 128)"),
      lr: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "RATE",
        brief: "Step size at its highest, for all parameters (default: that of the network)",
      },
      orthogonalLr: {
        kind: "parsed",
        parse: positiveNumber(),
        optional: true,
        placeholder: "RATE",
        brief: "Step size of orthogonal parameters, where it is another one",
      },
      warmup: {
        kind: "parsed",
        parse: wholeNumber(0),
        optional: true,
        placeholder: "N",
        brief: "Steps in which the step size grows, at most a tenth of the run (default: 100)",
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
      evaluateEvery: count("Epochs between measurements; the last one is always measured (default: 1)"),
      pictures: {
        kind: "enum",
        values: pictureChoices,
        optional: true,
        brief: "Pictures at each measurement, at the last one only, or none (default: each)",
      },
      fallback: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Where the device is absent or breaks, go on from the last checkpoint on another",
      },
      tensorboard: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Write the metrics as TensorBoard event files too; tensorboard --logdir runs shows them",
      },
      check: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Look at what every layer gives before each step, and name the first that is not finite",
      },
      ...commonFlags,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Train a flowified network on images or rows of numbers",
    fullDescription: `Turns an ordinary network into a flow and trains it by maximum likelihood.

After each epoch the run is measured on the test images (on the validation images, where some
are held out) and draws pictures. Its folder gets checkpoints (safetensors + JSON), metrics.jsonl,
the resolved config.json, the newest pictures (samples.png, samples-mean.png,
reconstructions.png, ledger.png, curve.png), and those of every epoch in pictures.

A recipe is the name of a network: 300 epochs with rates that suit it; with :paper after it, the
protocol of the paper. Flags change it. The cosine of the step size ends where the run ends.

Data of your own get a network that is built for them (--network auto): images of any size a
convolutional one, rows of numbers couplings; flowify inspect auto --data FILE shows it. For rows there are also
vector/coupling, vector/spline and vector/dense. Rows are an array
[rows, columns] in a .npy or .npz file; their likelihood is told in nats per row, and samples.png shows
pairs of columns.

With held-out examples the start and twenty states on the way are measured on them. The best one is kept,
and what evaluate, sample and the other commands use.

A network of your own is a JSON file:
  { "inShape": [1, 28, 28], "layers": [{ "kind": "dequantize" }, { "kind": "conv2d", "out": 8,
    "kernel": 4, "stride": 4 }, { "kind": "rqSpline" }, { "kind": "flatten" }, { "kind": "linear", "out": 16 }] }

With --from, the network is one that somebody trained, converted by flowify convert. Pixels are
dequantized and normalized as it was trained (--normalize) in front of it, so likelihoods are of
pixels. Its function stays as it is, bit for bit, which is checked at the end; --free trains it too.

Ctrl-C ends after the current step with a checkpoint; --resume goes on from it and gives
the same numbers as a run that was never stopped.

EXAMPLES
  flowify train                                      one epoch of fmlp on MNIST
  flowify train --epochs 20 --seed 7 --out runs/a    longer, into a folder of your choice
  flowify train --resume runs/a                      go on after an interruption
  flowify train --recipe mnist/fconv2 --epochs 10    a recipe, shortened
  flowify train --network cifar10/fconv2 --data-dir ~/data/cifar-10-batches-bin --flip
  flowify train --network ./net.json                 a network of your own
  flowify train --from converted --normalize 0.1307:0.3081
  flowify train --data fashion-mnist --data-dir ~/data/fashion
  flowify train --data faces.npy --network ./net.json
  flowify train --data ~/photographs --size 64x64
  flowify train --data sensors.npy --out runs/sensors
  flowify train --data sensors.npy --network vector/spline
  flowify train --limit 1000 --steps 20              a quick try`,
  },
});
