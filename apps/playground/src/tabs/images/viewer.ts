import type { Evaluation, FlowModel } from "@flowify/core";
import type { Viewer } from "../../worker/training.js";
import type { ImagesView } from "./calls.js";
import { PAIRS, SAMPLES, STEPS_BETWEEN } from "./config.js";

/** Grey levels as bytes. */
export const bytes = (values: ArrayLike<number>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Uint8ClampedArray.from(values).buffer);

/** Contributions to the mean log p, in nats. */
export const ledgerOf = ({ ledger }: Evaluation): Float32Array =>
  Float32Array.from(ledger, ({ nats }) => nats);

const MEAN = { mode: "deterministic" } as const;

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
      samples: bytes(await model.sampleFlat(SAMPLES, { temperature: temperature(), seed })),
      originals,
      reconstructions: bytes(await model.reconstruct(originals, MEAN)),
      logProb: evaluation.nats,
      bitsPerDimension: evaluation.bpd,
      ledger: ledgerOf(evaluation),
    };
  },
});

/** Decoded images along the line between the latents of two. */
export async function imagesBetween(model: FlowModel, from: Uint8Array, to: Uint8Array): Promise<Uint8Array> {
  const latents = await model.encode(Uint8Array.of(...from, ...to), MEAN);
  const size = latents.length / 2;
  const line = Float32Array.from({ length: STEPS_BETWEEN * size }, (_, i) => {
    const t = Math.floor(i / size) / (STEPS_BETWEEN - 1);
    return (1 - t) * latents[i % size]! + t * latents[size + (i % size)]!;
  });
  return bytes(await model.decode(line, MEAN));
}
