import type { Evaluation, FlowModel } from "@flowify/core";
import { toPixels } from "../../ui/pixels.js";
import { PAIRS, SAMPLES, TEMPERATURE } from "./config.js";

/** Contributions to the mean log p, in nats. */
export const ledgerOf = ({ ledger }: Evaluation): Float32Array =>
  Float32Array.from(ledger, ({ nats }) => nats);

/** A snapshot of the flow; images as bytes, one after another. */
export type ImagesView = Awaited<ReturnType<ReturnType<typeof imagesViewer>["view"]>>;

/** Samples from and measures a flow of images. */
export const imagesViewer = (heldOut: Uint8Array, seed: number) => ({
  async view(model: FlowModel, step: number) {
    const originals = heldOut.slice(0, PAIRS * model.flow.dimensions);
    const evaluation = await model.evaluate(heldOut, { seed });
    return {
      step,
      samples: toPixels(await model.sampleFlat(SAMPLES, { temperature: TEMPERATURE, seed })),
      /** Held-out images and their reconstructions. */
      originals,
      reconstructions: toPixels(await model.reconstruct(originals, { mode: "deterministic" })),
      /** Mean log p of held-out images, in nats, a bound in expectation; the same in bits per dimension; and by layer. */
      logProb: evaluation.nats,
      bitsPerDimension: evaluation.bpd,
      ledger: ledgerOf(evaluation),
    };
  },
});
