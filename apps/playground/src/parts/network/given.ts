import { type Executor, encodeSafetensors, evaluate, FlowModel, type OrdinaryNetwork } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { describedNetwork, networkOfPixels } from "flowify/format";
import type { OpenRun } from "../../run/open-run.js";
import { beginRun, type NewRun, type Progress, type RunImages, trainFurther } from "../../run/train-run.js";
import { DIGITS } from "../../ui/digits-file.js";
import { toPixels } from "../../ui/pixels.js";
import type { Normalization, Reading, Variants } from "./calls.js";

const constants = {
  unit: { mean: [0], std: [1] },
  mnist: { mean: [0.1307], std: [0.3081] },
  raw: "raw",
} as const satisfies Record<Normalization, unknown>;

/** A given network as one of digits. Errors: `ShapeError` where it takes none. */
export const ofDigits = (own: OrdinaryNetwork, normalization: Normalization) =>
  networkOfPixels(own, DIGITS.shape, constants[normalization]);

/** A given network as what a run is of: its function stays, its inverses are learnt. */
function newRun(
  name: string,
  own: OrdinaryNetwork,
  normalization: Normalization,
  original: Uint8Array,
): NewRun {
  const { network, given } = ofDigits(own, normalization);
  const { description, tensors } = describedNetwork(network);
  return {
    network: name,
    description,
    given,
    flow: { density: "mixture", frozen: true },
    batch: 64,
    steps: 100,
    seed: 0,
    weights: encodeSafetensors(tensors),
    original,
  };
}

/** A given network at work on digits. */
export class GivenModel {
  #run: OpenRun | undefined;
  #model: FlowModel | undefined;

  constructor(
    readonly name: string,
    readonly own: OrdinaryNetwork,
    readonly normalization: Normalization,
    readonly original: Uint8Array,
    readonly executor: Executor,
  ) {}

  /** Start values from digits at first, then further steps. Gives bits per dimension of the digits to measure with. */
  async learn(
    images: RunImages,
    steps: number,
    tell: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<{ bpd: number; step: number }> {
    const { name, own, normalization, original, executor } = this;
    this.#run ??= await beginRun(newRun(name, own, normalization, original), executor, images, tell);
    if (steps > 0) this.#run = await trainFurther(this.#run, executor, images, steps, tell, signal);
    const { flow, state } = this.#run;
    await this.#model?.dispose();
    this.#model = await FlowModel.fromArrays(flow, state.arrays, executor);
    const { bpd } = await this.#model.monitor(images.measure);
    return { bpd, step: state.step };
  }

  /** The run, to be saved. */
  get run(): OpenRun {
    if (!this.#run) throw new Error("the network is no density yet");
    return this.#run;
  }

  get model(): FlowModel {
    if (!this.#model) throw new Error("the network is no density yet");
    return this.#model;
  }

  /** Outputs of the network, and what the flow says of the digit. */
  async read(pixels: Uint8Array): Promise<Reading> {
    const { bpd, nats, ledger } = await this.model.monitor(pixels);
    return {
      outputs: await this.#outputs(pixels),
      logProb: nats,
      bpd,
      ledger: ledger.map((line) => ({ layer: line.layer, nats: line.nats, exact: line.exact })),
    };
  }

  /** Further digits with the outputs of this one. */
  async variants(
    pixels: Uint8Array,
    { count, temperature, seed }: { count: number; temperature: number; seed: number },
  ): Promise<Variants> {
    const { from, to } = this.#given;
    const wanted = await this.#outputs(pixels);
    const [own, front] = [this.model.part(from, to), this.model.part(0, from)];
    try {
      const digit = await front.encode(pixels, { mode: "mean" });
      const { items, ways } = await own.variants(this.own, digit, { count, seed, temperature });
      const images = toPixels(await front.decode(items, { mode: "mean" }));
      const x = np.array(Float32Array.from(items)).reshape([count, ...this.own.inShape]);
      const found = (await evaluate(this.own, x).data()) as Float32Array;
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

  get #given(): { from: number; to: number } {
    return this.run.config.given ?? { from: 0, to: 0 };
  }

  async #outputs(pixels: Uint8Array): Promise<Float32Array> {
    const upTo = this.model.part(0, this.#given.to);
    try {
      return await upTo.encode(pixels, { mode: "mean" });
    } finally {
      await upTo.dispose();
    }
  }

  async dispose(): Promise<void> {
    await this.#model?.dispose();
  }
}
