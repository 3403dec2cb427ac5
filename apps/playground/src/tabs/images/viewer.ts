import type { Evaluation } from "@flowify/core";
import { toPixels } from "../../ui/pixels.js";
import type { Viewer } from "../../worker/training.js";
import type { ImagesView } from "./calls.js";
import { PAIRS, SAMPLES } from "./config.js";

/** Contributions to the mean log p, in nats. */
export const ledgerOf = ({ ledger }: Evaluation): Float32Array =>
  Float32Array.from(ledger, ({ nats }) => nats);

/** Samples from and measures a flow of images. */
export const imagesViewer = (
  heldOut: Uint8Array,
  seed: number,
  temperature: () => number,
): Viewer<ImagesView> => ({
  async view(model, step) {
    const originals = heldOut.slice(0, PAIRS * model.flow.dimensions);
    const evaluation = await model.evaluate(heldOut, { seed });
    return {
      step,
      samples: toPixels(await model.sampleFlat(SAMPLES, { temperature: temperature(), seed })),
      originals,
      reconstructions: toPixels(await model.reconstruct(originals, { mode: "deterministic" })),
      logProb: evaluation.nats,
      bitsPerDimension: evaluation.bpd,
      ledger: ledgerOf(evaluation),
    };
  },
});
