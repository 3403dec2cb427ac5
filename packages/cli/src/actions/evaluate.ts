import { bitsPerDimension, type FlowModel, type Monitor } from "@flowify/core";
import type { EvaluateFlags } from "../commands/evaluate.js";
import type { CliContext } from "../context.js";
import { type DataSet, describeImages, itemsOf, nounOf } from "../data/image-set.js";
import { type Accuracy, accuracyOf } from "../run/accuracy.js";
import { meaningLines, meaningOf } from "../run/likelihood-summary.js";
import { imagesDocument, likelihoodDocument, sayLikelihood, told } from "../run/report.js";
import { formatCount } from "../ui/format.js";
import { createTerminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import { imagesFor, type SavedRun, withModel } from "./open-run.js";

export async function evaluate(this: CliContext, flags: EvaluateFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, samples = 1, seed = 0 } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  await withModel(folder, flags, terminal, async (model, run) => {
    const images = await imagesFor(run, flags);
    const draws = samples === 1 ? "" : `, ${samples} draws each`;
    terminal.note(
      `${run.config.network}, step ${run.step}, on ${describeImages(images)}${draws}, ${model.executor.name}`,
    );
    const { monitor, stdErrOfDraws } = await likelihood(model, images, samples, seed);
    const { items } = monitor;
    const unit = unitOf(images.shape);
    const meaning = meaningOf(
      model.flow,
      { nats: monitor.nats, stdErr: told(monitor, images).stdErr },
      {
        draws: samples,
        stdErrOfDraws: stdErrOfDraws && stdErrOfDraws * unit.perBit(model.flow.dimensions),
      },
    );
    sayLikelihood(terminal, monitor, images);
    if (!quiet) {
      terminal.say();
      for (const line of meaningLines(meaning, items, unit)) terminal.say(line);
    }
    const accuracy = await givenAccuracy(model, run, images);
    if (accuracy && !quiet)
      terminal.say(
        `the given network is right on ${formatCount(accuracy.right)} of ${formatCount(accuracy.of)} ${nounOf(images)}`,
      );
    terminal.document({
      ...likelihoodDocument(monitor, images),
      samples,
      items,
      step: run.step,
      ...imagesDocument(images),
      ...meaning,
      accuracy: accuracy ?? null,
    });
  });
}

/** How often the given network of a run, if it has one, is right on images with labels. */
async function givenAccuracy(
  model: FlowModel,
  { config: { given } }: SavedRun,
  images: DataSet,
): Promise<Accuracy | undefined> {
  if (!given) return undefined;
  const upTo = model.part(0, given.to);
  try {
    return await accuracyOf(upTo, images);
  } finally {
    await upTo.dispose();
  }
}

/**
 * Mean log-likelihood with K draws an item. The ledger is that of one draw; what the K draws gain
 * over it is a line of its own, so that the ledger sums to the total. The standard error over the draws is
 * that of the mean over items whose draws are independent, √(Σ se²) / N.
 */
async function likelihood(
  model: FlowModel,
  images: DataSet,
  draws: number,
  seed: number,
): Promise<{ monitor: Monitor; stdErrOfDraws: number | null }> {
  const single = await model.monitor(itemsOf(images), { seed });
  if (draws === 1) return { monitor: single, stdErrOfDraws: null };
  const { logProb, stdErr } = await model.bound(itemsOf(images), { draws, seed });
  const { dimensions } = model.flow;
  const bits = dimensions * Math.LN2;
  const count = logProb.length;
  const nats = logProb.reduce((sum, value) => sum + value, 0) / count;
  const variance = logProb.reduce((sum, value) => sum + (value - nats) ** 2, 0) / (count - 1);
  const gain = nats - single.nats;
  const monitor = {
    items: single.items,
    nats,
    bpd: bitsPerDimension(nats, dimensions),
    stdErr: Math.sqrt(variance / count) / bits,
    ledger: [
      ...single.ledger,
      { layer: `${draws} draws`, nats: gain, bpd: bitsPerDimension(gain, dimensions), exact: false },
    ],
  };
  const squares = stdErr.reduce((sum, se) => sum + se ** 2, 0);
  return { monitor, stdErrOfDraws: Math.sqrt(squares) / count / bits };
}
