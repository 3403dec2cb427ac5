import { applyNetwork, type Executor, type FlowModel, flowify, type OrdinaryNetwork } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { networkOfPixels } from "flowify/format";
import { INIT, type Progress, type RunImages } from "../../run/session.js";
import { DIGITS } from "../../ui/digits.js";
import { toPixels } from "../../ui/pixels.js";
import { startTraining, type Training } from "../../worker/training.js";
import type { Normalization } from "./calls.js";

const constants = {
  unit: { mean: [0], std: [1] },
  mnist: { mean: [0.1307], std: [0.3081] },
  raw: "raw",
} as const satisfies Record<Normalization, unknown>;

/** A pretrained network with digits as input. Errors: `ShapeError` if digits do not fit. */
export const ofDigits = (own: OrdinaryNetwork, normalization: Normalization) =>
  networkOfPixels(own, DIGITS.shape, constants[normalization]);

export type PreimagesOptions = { count: number; temperature: number; seed: number };

/** Most numbers of a value that a guard looks at. */
const MOST_SEEN = 1024;

/** A pretrained network on digits: its function is as it was read, its inverses are initialized from digits. */
export class PretrainedModel {
  private constructor(
    readonly own: OrdinaryNetwork,
    /** The layers of the network, behind those of the pixels. */
    readonly layers: Readonly<{ from: number; to: number }>,
    /** At its initial values: nothing is trained. */
    private readonly training: Training<never>,
  ) {}

  static async begin(
    own: OrdinaryNetwork,
    normalization: Normalization,
    executor: Executor,
    { train, heldOut }: RunImages,
    tell: (progress: Progress) => void,
  ): Promise<PretrainedModel> {
    const { network, pretrained } = ofDigits(own, normalization);
    const flow = flowify(network, { density: "mixture", frozen: true });
    const training = await startTraining<never>({
      flow,
      executor,
      data: { examples: train, count: train.length / DIGITS.pixels },
      steps: 1,
      batchSize: 64,
      seed: 0,
      initExamples: INIT,
      heldOut,
      onInit: (layer, done) => tell({ stage: `initializing ${layer}`, done, of: flow.chain.layers.length }),
    });
    return new PretrainedModel(own, pretrained, training);
  }

  bitsPerDimension({ heldOut }: RunImages): Promise<number> {
    return this.training.withModel(async (model) => (await model.evaluate(heldOut)).bpd);
  }

  /** Outputs of the network, the likelihood of the digit with the parts of its layers, and the device that computed it. */
  read(pixels: Uint8Array) {
    return this.training.withModel(async (model) => {
      const { bpd, nats, ledger } = await model.evaluate(pixels);
      return {
        outputs: await valuesAt(model, this.layers.to, pixels),
        logProb: nats,
        bpd,
        ledger: ledger.map((line) => ({ layer: line.layer, nats: line.nats, likelihood: line.likelihood })),
        device: this.training.device,
      };
    });
  }

  /**
   * Other digits with the same outputs, their largest difference from those of the digit, and how many reached the exact
   * outputs.
   */
  preimages(pixels: Uint8Array, { count, temperature, seed }: PreimagesOptions) {
    return this.training.withModel(async (model) => {
      const wanted = await valuesAt(model, this.layers.to, pixels);
      const { from, to } = this.layers;
      const [own, front] = [model.part(from, to), model.part(0, from)];
      try {
        const digit = await front.encode(pixels, { mode: "deterministic" });
        const { examples, ways } = await own.preimages(this.own, digit, { count, seed, temperature });
        const images = toPixels(await front.decode(examples, { mode: "deterministic" }));
        const x = np.array(Float32Array.from(examples)).reshape([count, ...this.own.inShape]);
        const found = (await applyNetwork(this.own, x).data()) as Float32Array;
        const largestDifference = found.reduce(
          (most, value, i) => Math.max(most, Math.abs(value - wanted[i % wanted.length]!)),
          0,
        );
        return { images, largestDifference, arrived: ways.filter((way) => way === 1).length };
      } finally {
        await own.dispose();
        await front.dispose();
      }
    });
  }

  /** Values of the network for digits, one after another: what it takes, the activation in front of its last weights, its outputs. */
  taps(pixels: Uint8Array): Promise<{ name: string; width: number; rows: Float32Array }[]> {
    const { from, to } = this.layers;
    const last = this.own.layers.findLastIndex(({ kind }) => /^(linear|conv)/.test(kind));
    const places = new Map([
      [from, "input"],
      [from + Math.max(last, 0), "activation"],
      [to, "outputs"],
    ]);
    return this.training.withModel(async (model) => {
      const found: { name: string; width: number; rows: Float32Array }[] = [];
      for (const [place, name] of places) {
        const rows = await valuesAt(model, place, pixels);
        const width = (rows.length * DIGITS.pixels) / pixels.length;
        if (width <= MOST_SEEN) found.push({ name, width, rows });
      }
      return found;
    });
  }

  dispose(): Promise<void> {
    return this.training.dispose();
  }
}

/** What the first layers make of digits, without noise. */
async function valuesAt(model: FlowModel, layers: number, pixels: Uint8Array): Promise<Float32Array> {
  const upTo = model.part(0, layers);
  try {
    return await upTo.encode(pixels, { mode: "deterministic" });
  } finally {
    await upTo.dispose();
  }
}
