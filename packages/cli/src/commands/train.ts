import { describeImages } from "../data/image-set.js";
import { environment } from "../environment.js";
import { defineCommand, type Running } from "../flags/define.js";
import { expectNone } from "../flags/flag.js";
import { trainPrediction } from "../predictions/train.js";
import { AgreedError, agree, factsOf } from "../ranks/agreement.js";
import { inRanks, type Ranks } from "../ranks/ranks.js";
import { holdsRegression } from "../runs/folder.js";
import { imagesDocument, likelihoodDocument, sayLikelihood } from "../runs/report.js";
import { type TrainFlags, trainFlags } from "../settings.js";
import { beginBeside, forkBeside } from "../training/beside.js";
import { calibrateRun, fitRunDetector } from "../training/fit-run-detector.js";
import type { Measurement } from "../training/run-log.js";
import { followTraining, runTraining, type Trained } from "../training/run-training.js";
import { planTraining, type TrainPlan } from "../training/train-plan.js";
import { judgedLine } from "../training/verdict.js";
import { watchTraining } from "../ui/interrupt.js";
import { silentTerminal, type Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

export const command = defineCommand({
  flags: trainFlags,
  help: `Turns an ordinary network into a flow and trains it by maximum likelihood. Use it to get a
density, an anomaly score or a generator from images or rows of numbers.

After each epoch flowify measures the run on the test images, or on the validation images
where some are held out. It then writes the pictures of the run. The run's folder holds
checkpoints (safetensors + JSON), metrics.jsonl, the resolved config.json and the newest
pictures: samples.png, ledger.png, curve.png, and where the latent keeps more than some numbers
samples-mean.png and reconstructions.png. The folder pictures keeps those of every epoch.

--recipe NAME chooses a network, its schedule and its step sizes. NAME:paper follows the protocol
of the paper. Most people read the digits of mnist/transformer, after minutes. Those of mnist/quick
are a little worse, but drawn faster, and flowify compress takes it. The aim of mnist/best and
cifar10/best is the best likelihood: one to four hours on two cores. Other flags override the recipe.

Your own data get a network that fits their shape (--network auto): convolutions for images,
couplings for rows. flowify inspect auto --data FILE shows it. For rows there are also
vector/coupling, vector/spline and vector/dense, and for tables (.csv, .json, .parquet, .arrow)
table/stack (the default), table/couplings, table/additive, table/dense and table/gaussian. An array
[rows, columns] in a .npy or .npz file is rows, too. Their likelihood is given in nats per
row, and samples.png shows pairs of columns.

With held-out examples flowify measures the initial state and twenty later states on them.
It keeps the best one, and evaluate, sample and the other commands use it. The run of a table ends before
its last step where the held-out rows have not become likelier for five measurements (--patience).

Your own network is a JSON file:
  { "inShape": [1, 28, 28], "layers": [{ "kind": "dequantize" }, { "kind": "conv2d", "out": 8,
    "kernel": 4, "stride": 4 }, { "kind": "rqSpline" }, { "kind": "flatten" }, { "kind": "linear", "out": 16 }] }

--from DIR takes a pretrained network that flowify convert wrote. Pixels are dequantized and
normalized in front of it (--normalize), so likelihoods are those of pixels. The function of the
network stays the same, bit for bit; flowify checks this at the end. --free trains it as well.

--predict A,B learns the whole distribution of columns of a table given the others, or given those of
--given: regression with uncertainty. Numbers get a density, whole numbers and names get
probabilities. flowify predict then writes means, quantiles and intervals for other rows.

--time COLUMN says that rows follow each other in time. The run learns the next row given the last --lags rows and the
calendar; with --predict A,B only these columns. --series A,B names the series where a table holds several, such as
stores or sensors: lags stay within a series. flowify predict then continues a table by --horizon rows, and
flowify score says which rows are unlikely after those before them.

Ctrl-C stops after the current step and writes a checkpoint. --resume continues from it and produces
the same numbers as a run that was never stopped.

mpirun -n N flowify train … trains with N processes on one machine or many, by Open MPI or MPICH.
Each computes its part of every batch; a rank that is silent for --rank-timeout seconds ends the job.

EXAMPLES
  flowify train                                      one epoch of MNIST: digits in minutes
  flowify train --epochs 20 --seed 7 --out runs/a    a longer run in a chosen folder
  flowify train --resume runs/a                      continue after an interruption
  flowify train --recipe mnist/transformer           digits in minutes
  flowify train --recipe mnist/fconv2 --epochs 10    a shorter recipe
  flowify train --network cifar10/fconv2 --data-dir ~/data/cifar-10-batches-bin --flip
  flowify train --network ./net.json                 your own network
  flowify train --from converted --normalize 0.1307:0.3081
  flowify train --data fashion-mnist --data-dir ~/data/fashion
  flowify train --data faces.npy --network ./net.json
  flowify train --data ~/photographs --size 64x64
  flowify train --data sensors.npy --out runs/sensors
  flowify train --data sensors.npy --network vector/spline
  flowify train --data flats.csv --predict price --out runs/flats
  flowify train --data flats.csv --predict price,days --given area,rooms
  flowify train --data load.csv --time hour --predict load --lags 48 --horizon 24
  flowify train --data stocks.csv --time date --series symbol --predict price
  mpirun -n 4 flowify train --data sensors.npy       four processes share every batch
  flowify train --data 'orders-*.parquet' --id order --where "total > 0"
  flowify train --limit 1000 --steps 20              a quick trial`,
  run: train,
});

async function train(context: Running, flags: TrainFlags): Promise<void> {
  const goesOn = flags.resume !== undefined && holdsRegression(flags.resume);
  if (flags.time === undefined && !goesOn)
    expectNone(
      flags,
      ["series", "lags", "horizon"],
      "belongs to --time\nname the column of the time with --time COLUMN",
    );
  if (flags.predict || flags.time !== undefined || goesOn) return trainPrediction(context, flags);
  const remedy = "name the columns to predict with --predict A,B";
  expectNone(flags, ["given", "ensemble"], `belongs to --predict\n${remedy}`);
  await inRanks(context.host.env, (ranks) => trainAs(context, ranks, flags), flags.rankTimeout);
}

async function trainAs(context: Running, ranks: Ranks | undefined, flags: TrainFlags): Promise<void> {
  const helper = ranks ? undefined : forkBeside(flags, context.host.fork);
  try {
    await trainWith(context, ranks, flags, helper);
  } finally {
    helper?.child.kill();
  }
}

async function trainWith(
  { host, process, ...context }: Running,
  ranks: Ranks | undefined,
  flags: TrainFlags,
  helper: ReturnType<typeof forkBeside>,
): Promise<void> {
  const silent = ranks !== undefined && ranks.rank > 0;
  const terminal = silent ? silentTerminal(host.env) : context.terminal;
  const plan = await planWith(ranks, flags);
  for (const line of plan.warnings) terminal.warn(line);
  const interrupt = watchTraining(host, terminal);
  const beside = helper && beginBeside(plan, flags, helper);
  if (!beside) helper?.child.kill();
  try {
    if (silent) return await followTraining(plan, flags, ranks, terminal);
    if (ranks) sayRanks(terminal, plan, ranks);
    const { step, end } = await runTraining(plan, { ...flags, terminal, interrupt, ranks, beside });
    if (end && "rows" in plan.data && plan.data.schema) {
      await calibrateRun(plan.folder, flags, terminal);
      await fitRunDetector(plan.folder, flags, terminal, await beside?.detector);
    }
    const status = interrupt.status();
    if (status !== undefined) process.exitCode = status; // before any output: it may have no reader
    if (ranks) saySums(terminal, ranks);
    if (end) sayEnd(terminal, plan, end, ranks);
    else sayInterrupted(terminal, plan, step);
  } finally {
    beside?.stop();
    interrupt.stop();
  }
}

/** The plan, the same in all ranks. */
async function planWith(ranks: Ranks | undefined, flags: TrainFlags): Promise<TrainPlan> {
  if (ranks === undefined) return planTraining(flags);
  const { comm, members } = ranks;
  try {
    const plan = await planTraining(flags, { alone: false });
    await agree(comm, members, { facts: factsOf(plan.config, environment()) });
    return plan;
  } catch (error) {
    if (!(error instanceof AgreedError) && error instanceof Error) await agree(comm, members, { error });
    throw error;
  }
}

function sayRanks(terminal: Terminal, { resume, config: { environment } }: TrainPlan, ranks: Ranks): void {
  const before = environment?.ranks ?? 1;
  if (resume && before !== ranks.size)
    terminal.note(`${ranks.size} ranks, before ${before}: the last digits of the figures will differ`);
  if (!ranks.watched)
    terminal.warn("the ranks cannot reach rank 0 by TCP: only the launcher notices a rank that is lost");
}

/** Milliseconds of a step in which rank 0 exchanges gradients and new values, waiting included. */
const waitOfStep = ({ comm: { sums } }: Ranks): number => sums.ms / Math.max(1, sums.count);

const saySums = ({ note }: Terminal, ranks: Ranks): void =>
  note(
    `${ranks.size} ranks: ${waitOfStep(ranks).toFixed(1)} ms of each step in sums of gradients and messages of new values`,
  );

function sayInterrupted(
  terminal: Terminal,
  { folder, config, resume }: TrainPlan,
  step: number | undefined,
): void {
  const { steps } = config.training;
  const when = step === undefined ? "before the first step" : `after step ${step} of ${steps}`;
  const isKept = step !== undefined || resume;
  terminal.say(
    `stopped ${when}; ${isKept ? `continue with flowify train --resume ${folder}` : "nothing was kept"}`,
  );
  terminal.document({ run: folder, ...(step !== undefined && { step }), steps, finished: false });
}

function sayEnd(
  terminal: Terminal,
  { folder, data, validation, config }: TrainPlan,
  { measured, pictures, unchanged, verdict, baseline }: NonNullable<Trained["end"]>,
  ranks: Ranks | undefined,
): void {
  const { steps } = config.training;
  const result = measured.at(-1);
  const held = measured.find(({ images }) => images.split === "validation" && images !== result?.images);
  if (result) sayLikelihood(terminal, result.evaluation, result.images);
  if (!terminal.quiet) {
    if (result) terminal.say();
    if (baseline)
      terminal.say(
        `to compare: ${baseline.name} has ${baseline.figure.toFixed(3)} ${unitOf(data.shape).name}`,
      );
    const kept = validation ? `, ${describeImages(validation, { files: false })} held out` : "";
    terminal.say(`trained on ${describeImages(data)}${kept}`);
    const judged = judgedLine(verdict, steps);
    if (judged) terminal.say(judged);
    if (unchanged === true) terminal.say("the function of the pretrained network is unchanged, bit for bit");
    if (pictures.length > 0) terminal.say(`pictures: ${pictures.join(", ")}`);
    terminal.say(`measure it with flowify evaluate ${folder}, sample more with flowify sample ${folder}`);
  }
  terminal.document({
    run: folder,
    step: verdict.taken,
    steps,
    finished: true,
    ...(result && measuredDocument(result)),
    ...(held && { validation: measuredDocument(held) }),
    ...(baseline && { baseline: { name: baseline.name, [unitOf(data.shape).field]: baseline.figure } }),
    train: { ...imagesDocument(data), examples: data.count },
    pictures,
    judgedStep: verdict.judgedStep,
    warnings: verdict.warnings,
    ...(unchanged !== undefined && { unchanged }),
    ...(ranks && { ranks: { size: ranks.size, waitOfStepMs: waitOfStep(ranks) } }),
  });
  for (const line of verdict.warnings) terminal.warn(line);
  if (unchanged === false)
    terminal.warn(
      "training changed the function of the pretrained network, expected it unchanged: this is a bug in flowify\nreport it, and do not use this run",
    );
}

const measuredDocument = ({ images, evaluation }: Measurement) => ({
  ...imagesDocument(images),
  examples: evaluation.examples,
  ...likelihoodDocument(evaluation, images),
});
