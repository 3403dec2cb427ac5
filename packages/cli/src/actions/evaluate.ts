import { bitsPerDimension, type FlowModel, type Monitor } from "@flowify/core";
import type { EvaluateFlags } from "../commands/evaluate.js";
import type { CliContext } from "../context.js";
import { describeImages, type ImageSet } from "../data/image-set.js";
import { imagesDocument, sayLikelihood } from "../run/report.js";
import { createTerminal } from "../ui/terminal.js";
import { imagesFor, withModel } from "./open-run.js";

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
    const { bpd, stdErr, items, ledger } = await likelihood(model, images, samples, seed);
    sayLikelihood(terminal, { bpd, stdErr, ledger }, images);
    terminal.document({ bpd, stdErr, samples, items, ...imagesDocument(images), ledger });
  });
}

/**
 * Mean log-likelihood with K draws an item. The ledger is that of one draw; what the K draws gain
 * over it is a line of its own, so that the ledger sums to the total.
 */
async function likelihood(model: FlowModel, images: ImageSet, draws: number, seed: number): Promise<Monitor> {
  const single = await model.monitor(images.images, { seed });
  if (draws === 1) return single;
  const { logProb } = await model.bound(images.images, { draws, seed });
  const { dimensions } = model.flow;
  const nats = logProb.reduce((sum, value) => sum + value, 0) / logProb.length;
  const variance = logProb.reduce((sum, value) => sum + (value - nats) ** 2, 0) / (logProb.length - 1);
  const gain = nats - single.nats;
  return {
    items: single.items,
    nats,
    bpd: bitsPerDimension(nats, dimensions),
    stdErr: Math.sqrt(variance / logProb.length) / (dimensions * Math.LN2),
    ledger: [
      ...single.ledger,
      { layer: `${draws} draws`, nats: gain, bpd: bitsPerDimension(gain, dimensions), exact: false },
    ],
  };
}
