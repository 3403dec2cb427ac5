import { basename } from "node:path";
import { UsageError } from "@flowify/core";
import { loadRuntime, openGiven } from "@flowify/onnx";
import { loadExamples, loadMeasured } from "../data/registry.js";
import { withExecutor } from "../executors.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, type FlagsOf, required, text, value } from "../flags/flag.js";
import { names, probability } from "../flags/parsers.js";
import {
  argument,
  commonFlags,
  forceFlag,
  normalizeFlag,
  readingOf,
  readingParameters,
  seedFlag,
} from "../flags/shared.js";
import { type Examples, examplesFor, inputShape } from "../guard/examples.js";
import { fitGuard } from "../guard/fit-guard.js";
import { guardGraph, METADATA, OUTPUTS } from "../guard/graph.js";
import { measureGuard } from "../guard/report.js";
import { descriptionOf, reportLines, sayFitted } from "../guard/say.js";
import { verify } from "../guard/verify.js";
import { openForInput } from "../networks/model-file.js";
import { naming } from "../networks/naming.js";
import { histogram } from "../pictures/histogram.js";
import { svgToPng } from "../pictures/png.js";
import { expectFree } from "../runs/outputs.js";
import { FALSE_ALARMS } from "../scores/score-threshold.js";
import { formatCount } from "../ui/format.js";

const flags = {
  data: required("NAME", "Training data of the network: a data set, or the path of a folder or file"),
  out: required("FILE", "The guarded ONNX file"),
  dataDir: text("DIR", "Folder with the files of the data set"),
  calibrate: text("NAME", "Data to calibrate p-values by (default: a third of the training data, held out)"),
  at: value(
    names,
    "NAME,…",
    "Values of the network to look at (default: those that tell corrupted examples best)",
  ),
  input: text(
    "NAME[,OTHER=NUMBER…]",
    "Input that holds the data, if the network has several; the others get zeros, or these numbers",
  ),
  normalize: normalizeFlag,
  falseAlarms: value(probability, "P", "Share of usual inputs that are flagged (default: 0.01)"),
  report: value(
    names,
    "NAME,…",
    "Measure the guard on test examples and on these data sets, folders or files, beside baselines",
  ),
  picture: text("FILE", "PNG file of a histogram of log_prob, of the data of --report"),
  steps: count("Training steps of the detector's flow (default: 400)"),
  ...readingParameters,
  seed: seedFlag("Seed of the drawn examples and of the training (default: 0)"),
  force: forceFlag,
  ...commonFlags,
};

type GuardFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [argument("FILE", "An ONNX file, an .h5 or .keras file, or the model.json of TensorFlow.js")],
  flags,
  help: `Writes the network with three more outputs, for each input of a batch:

  log_prob  log density of the network's activations, in nats
  p_value   share of held-out examples that are at least as unusual; small for unusual inputs
  flag      1 where p_value is at most --false-alarms, else 0

The given nodes stay as they are, and so do the bits of the given outputs. The activations are
those that best tell corrupted training examples from others: noise, blur, low contrast, shuffled patches,
swapped halves, mixtures of two. No other data is needed. Where the first output is a score of
each class, and each class has enough held-out examples, p_value is calibrated for each class.

EXAMPLES
  flowify guard classifier.onnx --data mnist --normalize 0.1307:0.3081 --out guarded.onnx
  flowify guard classifier.onnx --data mnist --out guarded.onnx --report fashion-mnist,./letters
  flowify guard classifier.onnx --data ./pictures --size 224x224 --out guarded.onnx
  flowify guard classifier.onnx --data train.npy --calibrate held-out.npy --at relu5 --out guarded.onnx`,
  run: guard,
});

async function guard({ terminal }: Running, flags: GuardFlags, file: string): Promise<void> {
  const { out, data, dataDir, calibrate, falseAlarms = FALSE_ALARMS, seed = 0, picture } = flags;
  if (picture !== undefined && !flags.report)
    throw new UsageError(
      "--picture shows the data of --report\nname data with --report, or leave --picture out",
    );
  expectFree(picture === undefined ? [out] : [out, picture], flags, {
    inputs: [file, data, dataDir, calibrate],
  });
  const { bytes, external, input } = await openForInput(file, flags.input);
  const given = await naming(file, () => openGiven(bytes, external, { input }));
  if (given.metadata.has(METADATA))
    throw new UsageError(`${file}: guarded already\nname the file that it was made of`);
  const reading = readingOf(flags);
  const training = await loadExamples({ name: data, dir: dataDir, reading }, "train");
  const others = calibrate === undefined ? undefined : await loadMeasured({ name: calibrate, reading });
  if (others?.hash === training.hash)
    throw new UsageError(
      `--calibrate ${calibrate}: the same examples as --data\nname examples that the network was not trained on, or leave it out`,
    );
  const example = inputShape(given.input.shape.slice(1), training.shape, training.name);
  const examples = examplesFor(training, example, flags.normalize);
  const calibration = others && examplesFor(others, example, flags.normalize);
  const [usual, ...unusual] = await setsOf(flags, example);
  await withExecutor(flags, terminal, async (executor) => {
    const subject = { runtime: await loadRuntime(), given, example };
    const steps = flags.steps && { steps: flags.steps };
    const options = { at: flags.at, calibration, seed, say: terminal.note, ...steps };
    const fitted = await naming(file, () => fitGuard(executor, subject, examples, options));
    const described = descriptionOf(fitted, examples, calibration, falseAlarms);
    const [batch] = given.input.shape;
    const sizes = { falseAlarms, batch: typeof batch === "number" ? batch : "batch" };
    const graph = guardGraph(fitted, given, sizes);
    const guarded = given.with({ ...graph, metadata: { [METADATA]: JSON.stringify(described) } });
    await naming(file, () => verify(subject, guarded, fitted, calibration ?? examples));
    const sets = usual && { training: examples, usual, others: unusual };
    const measured = sets && (await measureGuard(executor, subject, { guarded, fitted }, sets));
    await fitted.open.dispose();
    await writeFileAtomic(out, guarded);
    sayFitted(terminal, fitted, falseAlarms);
    const added = `${formatCount(graph.nodes.length)} nodes, ${((guarded.length - bytes.length) / 2 ** 20).toFixed(1)} MiB more`;
    terminal.say(
      `${out}: ${added}; returns ${[...given.outputs.map(({ name }) => name), ...OUTPUTS].join(", ")}`,
    );
    if (measured) for (const line of reportLines(measured.report)) terminal.say(line);
    const report = measured && { report: measured.report };
    terminal.document({ ...described, file: out, nodes: graph.nodes.length, outputs: OUTPUTS, ...report });
    // last, so that a chart that fails loses no figure
    if (!measured || picture === undefined) return;
    const title = `log_prob of ${basename(out)}`;
    await writeFileAtomic(picture, await svgToPng(await histogram(title, "nats", measured.logProbs)));
    terminal.say(`histogram: ${picture}`);
  });
}

/** Usual examples to measure on, and then the others; none without --report. */
async function setsOf(
  { report = [], data, dataDir, normalize, ...flags }: GuardFlags,
  example: readonly number[],
): Promise<Examples[]> {
  if (report.length === 0) return [];
  const reading = readingOf(flags);
  const sets = [await loadExamples({ name: data, dir: dataDir, reading }, "test")];
  for (const name of report) sets.push(await loadMeasured({ name, reading }));
  return sets.map((set) => examplesFor(set, example, normalize));
}
