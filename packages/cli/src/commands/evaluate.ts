import { existsSync } from "node:fs";
import { bitsPerDimension, type Evaluation, type FlowModel } from "@flowify/core";
import {
  conditionOf,
  type DataSet,
  describeImages,
  examplesOf,
  filledOf,
  nounOf,
  spread,
} from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, expectNone, type FlagsOf, texts, value, yes } from "../flags/flag.js";
import { positiveNumber } from "../flags/parsers.js";
import { commonFlags, imagesFlags, normalizeFlag, runFolder, seedFlag } from "../flags/shared.js";
import { svgToPng } from "../pictures/png.js";
import { evaluateRegression } from "../predictions/evaluate.js";
import { evaluationDocument, sayConformal, sayEvaluation } from "../predictions/say-evaluation.js";
import { type Accuracy, accuracyOf } from "../quality/accuracy.js";
import { type Classified, calibrationChart, judgeClasses } from "../quality/class-calibration.js";
import { judgeSamples } from "../quality/judge-samples.js";
import { holdsRegression, runPaths } from "../runs/folder.js";
import { summarizeLikelihood, summaryLines } from "../runs/likelihood-summary.js";
import { imagesFor, type SavedRun, withModel } from "../runs/open-run.js";
import { figureOf, imagesDocument, likelihoodDocument, sayLikelihood } from "../runs/report.js";
import { classLogs } from "../scores/over-classes.js";
import { meanWithError } from "../statistics.js";
import { judgeRows, syntheticLines } from "../synthetic/judge-rows.js";
import { countOf, formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

const flags = {
  ...imagesFlags,
  samples: count("Samples of the noise per image; more of them tighten the bound (default: 1)", "K"),
  batch: count("Images per call; affects only the speed (default: 250)"),
  quality: yes("Also compare samples with real images, as a classifier sees them"),
  judge: texts(
    "FILE.onnx",
    "Classifier for --quality; may be repeated (default: one trained on the labels of the data)",
  ),
  normalize: normalizeFlag,
  temperature: value(positiveNumber(), "T", "Temperature of the samples of --quality (default: 1)"),
  synthetic: yes("Of a table: also compare sampled rows with training rows, beside held-out rows"),
  seed: seedFlag("Seed of the noise (default: 0)"),
  ...commonFlags,
};

type EvaluateFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  readsData: true,
  flags,
  help: `Computes the mean log-likelihood of images under a trained run, in bits per dimension
(-log p(x) / (n ln 2), dequantization included). It prints the standard error over the images
and the ledger: the contribution of every layer. The ledger and the base sum to the total.
A summary follows: dequantization, dimensions, what the likelihood is, errors over images and samples.

--quality also samples 1,000 images and compares them with 1,000 real ones. A classifier yields the
Fréchet distance of its logits, precision and recall, and the share of samples that it recognizes with
a probability above 0.9. The distance to the nearest training image shows whether samples are copies.
The same figures for other real images show the best possible values. quality.json and
nearest.png in the run's folder keep the result.

--synthetic also samples rows of a table, and compares them with training rows. It scores the shapes of columns
and the trends of pairs, as SDMetrics defines them. It counts copies, and samples whose nearest row is a training
row. Boosted trees try to tell samples from training rows, and learn from both to predict columns of held-out rows.
The same figures of held-out rows show the best possible values.

Of a run of flowify train --predict it prints the scores of the predictions beside a trivial baseline.
They are log p of the values, the continuous ranked probability score, and the error of the mean. It counts the
values in intervals of 50, 80 and 95 %, and their ranks by tenths. A FILE behind DIR has other rows, and counts
the values in the intervals of 90 % that held-out rows guarantee.

--json prints one document:
  { bpd, samples, examples, dataset, split, hash, dequantization: { layer, levels }, dimensions, nats,
    exact, likelihood, stdErr, stdErrOfSamples,
    ledger: [{ layer, nats, bpd, likelihood, exact }] }

EXAMPLES
  flowify evaluate runs/a                   the 10,000 test images
  flowify evaluate runs/flats june.csv      the rows of another file
  flowify evaluate runs/a --json | jq .bpd
  flowify evaluate runs/a --quality         the quality of the samples as well
  flowify evaluate runs/a --quality --judge classifier.onnx
  flowify evaluate runs/parcels --synthetic the quality of sampled rows
  flowify evaluate runs/a --samples 16      a tighter bound from 16 samples per image`,
  run: evaluate,
});

async function evaluate({ terminal }: Running, flags: EvaluateFlags, folder: string): Promise<void> {
  const { quiet = false, samples = 1, seed = 0 } = flags;
  if (holdsRegression(folder)) return evaluatePrediction(folder, flags, terminal);
  if (!flags.quality)
    expectNone(flags, ["judge", "normalize", "temperature"], "belongs to --quality\nadd --quality");
  await withModel(folder, flags, terminal, async (model, run) => {
    const chosen = await imagesFor(run, flags);
    if (flags.split === "validation" && "rows" in chosen && existsSync(runPaths(folder).fitted))
      terminal.warn(
        "at its end the run has fitted its densities to all of its rows, these included: they look likelier than new rows; --split test has rows that it has not seen",
      );
    const outputs = await run.outputsOf?.(examplesOf(chosen));
    const images = outputs ? { ...chosen, outputs } : chosen;
    const each = samples === 1 ? "" : `, ${samples} samples each`;
    terminal.note(
      `${run.config.network}, step ${run.step}, on ${describeImages(images)}${each}, ${model.executor.name}`,
    );
    const quality = flags.quality ? await judgeSamples(model, run, folder, flags, terminal) : undefined;
    const { evaluation, stdErrOfSamples } = await likelihood(model, images, samples, seed);
    const { examples } = evaluation;
    const unit = unitOf(images.shape);
    const meaning = summarizeLikelihood(
      model.flow,
      { nats: evaluation.nats, stdErr: figureOf(evaluation, images).stdErr },
      {
        samples,
        stdErrOfSamples: stdErrOfSamples && stdErrOfSamples * unit.perBit(model.flow.dimensions),
      },
    );
    sayLikelihood(terminal, evaluation, images);
    if (!quiet) {
      terminal.say();
      for (const line of summaryLines(meaning, examples, unit)) terminal.say(line);
    }
    const accuracy = await pretrainedAccuracy(model, run, images);
    if (accuracy && !quiet)
      terminal.say(
        `the pretrained network is right on ${formatCount(accuracy.right)} of ${formatCount(accuracy.of)} ${nounOf(images)}`,
      );
    const classified = await classifiedByDensity(model, images, seed);
    if (classified && !quiet) {
      terminal.say(
        `the class of the largest log p is right for ${formatCount(classified.right)} of ${formatCount(classified.of)} ${nounOf(images)}`,
      );
      const error = (100 * classified.calibrationError).toFixed(1);
      terminal.say(`its probability is ${error} % off in the mean (expected calibration error)`);
    }
    const synthetic = flags.synthetic ? await judgeRows(model, run, seed) : undefined;
    if (synthetic && !quiet) for (const line of ["", ...syntheticLines(synthetic)]) terminal.say(line);
    if (quality && !quiet) for (const line of ["", ...quality.lines]) terminal.say(line);
    terminal.document({
      ...likelihoodDocument(evaluation, images),
      examples,
      step: run.step,
      ...imagesDocument(images),
      ...meaning,
      accuracy: accuracy ?? null,
      ...(classified && { classified }),
      ...(quality && { quality: quality.document }),
      ...(synthetic && { synthetic }),
    });
    if (classified) {
      const { classes } = runPaths(folder);
      const title = `${run.config.network} after ${countOf(run.step, "step")}: are the classes as probable as it says?`;
      await writeFileAtomic(classes, await svgToPng(await calibrationChart(title, classified)));
      if (!quiet) terminal.say(`picture: ${classes}`);
    }
  });
}

/** The scores of a run of `flowify train --predict`. */
async function evaluatePrediction(folder: string, flags: EvaluateFlags, terminal: Terminal): Promise<void> {
  const taken = ["data", "limit", "seed", "device", "threads", "json", "quiet"];
  const foreign = (Object.keys(flags) as (keyof EvaluateFlags)[]).filter((name) => !taken.includes(name));
  expectNone(flags, foreign, "is for runs of whole images or rows, this one predicts\nleave it out");
  const { source, targets, conformal } = await evaluateRegression(folder, flags, terminal);
  sayEvaluation(terminal, targets, source);
  if (conformal) sayConformal(terminal, targets, conformal);
  terminal.document({ source, targets: targets.map(evaluationDocument), ...(conformal && { conformal }) });
}

/** Images that are classified at most: each takes a log p for every class. */
const CLASSIFIED = 1000;

/** How often the class c with the largest log p(x | c) is the label, of a flow with classes: a generative classifier. */
async function classifiedByDensity(
  model: FlowModel,
  images: DataSet,
  seed: number,
): Promise<Classified | undefined> {
  if (model.flow.condition?.levels === undefined || "rows" in images) return undefined;
  const some = spread(images, Math.min(CLASSIFIED, images.count), "--limit");
  const { condition: labels = new Uint8Array() } = conditionOf(model.flow, some);
  const logs = await classLogs(model, some.images, seed);
  return logs && judgeClasses(logs, labels);
}

/** Accuracy of the pretrained network of a run, if it has one, on images with labels. */
async function pretrainedAccuracy(
  model: FlowModel,
  { config: { pretrained } }: SavedRun,
  images: DataSet,
): Promise<Accuracy | undefined> {
  if (images.outputs) return accuracyOf(images, images.outputs);
  if (!pretrained) return undefined;
  const upTo = model.part(0, pretrained.to);
  try {
    return accuracyOf(images, await upTo.encode(examplesOf(images), { mode: "deterministic" }));
  } finally {
    await upTo.dispose();
  }
}

/**
 * Mean log-likelihood with K samples per example. The ledger is that of one sample. A separate line holds the gain of K
 * samples, so that the ledger sums to the total. The standard error over the samples is that of a mean over examples
 * with independent samples, √(Σ se²) / N.
 */
async function likelihood(
  model: FlowModel,
  images: DataSet,
  samples: number,
  seed: number,
): Promise<{ evaluation: Evaluation; stdErrOfSamples: number | null }> {
  const given = conditionOf(model.flow, images);
  const single = await model.evaluate(examplesOf(images), { seed, ...given, ...filledOf(images) });
  if (samples === 1) return { evaluation: single, stdErrOfSamples: null };
  const { logProb, stdErr } = await model.importanceBound(examplesOf(images), { samples, seed, ...given });
  const { dimensions } = model.flow;
  const bits = dimensions * Math.LN2;
  const { filled = [] } = filledOf(images);
  for (const [i, log] of filled.entries()) logProb[i]! -= log;
  const { mean: nats, stdErr: error } = meanWithError(logProb);
  const gain = nats - single.nats;
  const evaluation = {
    examples: single.examples,
    nats,
    bpd: bitsPerDimension(nats, dimensions),
    stdErr: error / bits,
    ledger: [
      ...single.ledger,
      {
        layer: `${samples} samples`,
        nats: gain,
        bpd: bitsPerDimension(gain, dimensions),
        likelihood: "bound" as const,
        exact: false,
      },
    ],
  };
  const squares = stdErr.reduce((sum, se) => sum + se ** 2, 0);
  return { evaluation, stdErrOfSamples: Math.sqrt(squares) / logProb.length / bits };
}
