import {
  applyNetwork,
  type Executor,
  encodeSafetensors,
  type FlowModel,
  type OrdinaryNetwork,
} from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { describedNetwork, networkOfPixels } from "flowify/format";
import type { OpenRun } from "../../run/open-run.js";
import {
  bestOf,
  type NewRun,
  newRun,
  type Progress,
  type RunImages,
  type RunSession,
  startRun,
  type Trained,
  trainFurther,
} from "../../run/session.js";
import { DIGITS } from "../../ui/digits.js";
import { toPixels } from "../../ui/pixels.js";
import type { ExamplePreimages, Learnt, Normalization, Reading } from "./calls.js";

const constants = {
  unit: { mean: [0], std: [1] },
  mnist: { mean: [0.1307], std: [0.3081] },
  raw: "raw",
} as const satisfies Record<Normalization, unknown>;

/** A pretrained network with digits as input. Errors: `ShapeError` if digits do not fit. */
export const ofDigits = (own: OrdinaryNetwork, normalization: Normalization) =>
  networkOfPixels(own, DIGITS.shape, constants[normalization]);

/** A pretrained network as the network of a run: its function stays fixed, its inverses are learned. */
function runOf(
  name: string,
  own: OrdinaryNetwork,
  normalization: Normalization,
  original: Uint8Array,
): NewRun {
  const { network, pretrained } = ofDigits(own, normalization);
  const { description, tensors } = describedNetwork(network);
  return {
    network: name,
    description,
    pretrained,
    flow: { density: "mixture", frozen: true },
    batchSize: 64,
    steps: 100,
    seed: 0,
    weights: encodeSafetensors(tensors),
    original,
  };
}

/** A network as read, its origin, and the preprocessing of pixels. */
type PretrainedNetwork = Readonly<{
  name: string;
  own: OrdinaryNetwork;
  normalization: Normalization;
  original: Uint8Array;
}>;

type PreimagesOptions = { count: number; temperature: number; seed: number };

/** A pretrained network on digits. */
export class PretrainedModel {
  private constructor(
    readonly own: OrdinaryNetwork,
    /** Nothing is drawn while the inverses learn. */
    private session: RunSession<never>,
  ) {}

  /** A pretrained network with its inverses initialized from digits. */
  static async begin(
    { name, own, normalization, original }: PretrainedNetwork,
    executor: Executor,
    images: RunImages,
    tell: (progress: Progress) => void,
  ): Promise<PretrainedModel> {
    const run = await newRun(runOf(name, own, normalization, original), images);
    return new PretrainedModel(own, await startRun(run, { executor, images, tell }));
  }

  /** Trains for further steps. */
  async train(
    images: RunImages,
    steps: number,
    tell: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Trained> {
    const { training } = this.session;
    const options = { executor: training.executor, images, tell, signal };
    const { session, trained } = await trainFurther<never>(await this.run(), steps, options);
    this.session = session;
    await training.dispose();
    return trained;
  }

  /** Progress of the inverses: steps taken, and bits per dimension of these digits. */
  async standing({ heldOut }: RunImages): Promise<Learnt> {
    const { bpd } = await this.session.training.withModel((model) => model.evaluate(heldOut));
    return { bpd, step: (await this.run()).state.step };
  }

  /** The run, to be saved. */
  run(): Promise<OpenRun> {
    return bestOf(this.session);
  }

  /** Outputs of the network, and the likelihood of the digit. */
  async read(pixels: Uint8Array): Promise<Reading> {
    const read = await this.session.training.withModel(async (model) => {
      const { bpd, nats, ledger } = await model.evaluate(pixels);
      return {
        outputs: await this.#outputs(model, pixels),
        logProb: nats,
        bpd,
        ledger: ledger.map((line) => ({ layer: line.layer, nats: line.nats, likelihood: line.likelihood })),
      };
    });
    return { ...read, device: this.session.training.device };
  }

  /** Other digits with the same outputs. */
  preimages(pixels: Uint8Array, options: PreimagesOptions): Promise<ExamplePreimages> {
    return this.session.training.withModel((model) => this.#preimages(model, pixels, options));
  }

  async #preimages(
    model: FlowModel,
    pixels: Uint8Array,
    { count, temperature, seed }: PreimagesOptions,
  ): Promise<ExamplePreimages> {
    const { from, to } = this.#pretrained;
    const wanted = await this.#outputs(model, pixels);
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
  }

  get #pretrained(): { from: number; to: number } {
    return this.session.run.config.pretrained ?? { from: 0, to: 0 };
  }

  async #outputs(model: FlowModel, pixels: Uint8Array): Promise<Float32Array> {
    const upTo = model.part(0, this.#pretrained.to);
    try {
      return await upTo.encode(pixels, { mode: "deterministic" });
    } finally {
      await upTo.dispose();
    }
  }

  dispose(): Promise<void> {
    return this.session.training.dispose();
  }
}
