import { bitsPerDimension, type Evaluation, type FlowModel, UsageError } from "@flowify/core";
import { type DataSet, describeImages, examplesOf, nounOf } from "../data/image-set.js";
import { type Accuracy, accuracyOf } from "../quality/accuracy.js";
import { summarizeLikelihood, summaryLines } from "../runs/likelihood-summary.js";
import { imagesFor, type SavedRun, withModel } from "../runs/open-run.js";
import { figureOf, imagesDocument, likelihoodDocument, sayLikelihood } from "../runs/report.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { createTerminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import type { EvaluateFlags } from "./evaluate-flags.js";
import { judgeSamples } from "./quality.js";

export async function evaluate(this: CliContext, flags: EvaluateFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, samples = 1, seed = 0 } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  for (const flag of ["judge", "normalize", "temperature"] as const)
    if (flags[flag] !== undefined && !flags.quality)
      throw new UsageError(`--${flag} belongs to --quality\nadd --quality`);
  await withModel(folder, flags, terminal, async (model, run) => {
    const images = await imagesFor(run, flags);
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
    if (quality && !quiet) for (const line of ["", ...quality.lines]) terminal.say(line);
    terminal.document({
      ...likelihoodDocument(evaluation, images),
      examples,
      step: run.step,
      ...imagesDocument(images),
      ...meaning,
      accuracy: accuracy ?? null,
      ...(quality && { quality: quality.document }),
    });
  });
}

/** Accuracy of the pretrained network of a run, if it has one, on images with labels. */
async function pretrainedAccuracy(
  model: FlowModel,
  { config: { pretrained } }: SavedRun,
  images: DataSet,
): Promise<Accuracy | undefined> {
  if (!pretrained) return undefined;
  const upTo = model.part(0, pretrained.to);
  try {
    return await accuracyOf(upTo, images);
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
  const single = await model.evaluate(examplesOf(images), { seed });
  if (samples === 1) return { evaluation: single, stdErrOfSamples: null };
  const { logProb, stdErr } = await model.importanceBound(examplesOf(images), { samples, seed });
  const { dimensions } = model.flow;
  const bits = dimensions * Math.LN2;
  const count = logProb.length;
  const nats = logProb.reduce((sum, value) => sum + value, 0) / count;
  const variance = logProb.reduce((sum, value) => sum + (value - nats) ** 2, 0) / (count - 1);
  const gain = nats - single.nats;
  const evaluation = {
    examples: single.examples,
    nats,
    bpd: bitsPerDimension(nats, dimensions),
    stdErr: Math.sqrt(variance / count) / bits,
    ledger: [
      ...single.ledger,
      { layer: `${samples} samples`, nats: gain, bpd: bitsPerDimension(gain, dimensions), exact: false },
    ],
  };
  const squares = stdErr.reduce((sum, se) => sum + se ** 2, 0);
  return { evaluation, stdErrOfSamples: Math.sqrt(squares) / count / bits };
}
