import { applyNetwork, type Executor, FlowModel, flowify, type OrdinaryNetwork } from "@flowify/core";
import { initParams } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { networkOfPixels } from "flowify/format";
import { INIT, type Progress, type RunImages } from "../../run/session.js";
import { serialQueue } from "../../ui/coalesce.js";
import { DIGITS } from "../../ui/digits.js";
import { toPixels } from "../../ui/pixels.js";
import { nameOf, orInWasm } from "../../worker/backend.js";
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
  readonly #inTurn = serialQueue();
  /** Models of some of its layers, each compiled once. */
  readonly #parts = new Map<string, FlowModel>();

  private constructor(
    readonly own: OrdinaryNetwork,
    /** The layers of the network, behind those of the pixels. */
    readonly layers: Readonly<{ from: number; to: number }>,
    /** At its initial values: nothing is trained. */
    private model: FlowModel,
  ) {}

  static async begin(
    own: OrdinaryNetwork,
    normalization: Normalization,
    device: Executor,
    { train }: Pick<RunImages, "train">,
    tell: (progress: Progress) => void,
  ): Promise<PretrainedModel> {
    const { network, pretrained } = ofDigits(own, normalization);
    const flow = flowify(network, { density: "mixture", frozen: true });
    const data = { examples: train, count: train.length / DIGITS.pixels };
    const onInit = (layer: string, done: number): void =>
      tell({ stage: `initializing ${layer}`, done, of: flow.chain.layers.length });
    const model = await orInWasm(device, async (executor) => {
      const params = await initParams({ flow, executor, data, initExamples: INIT, onInit });
      return new FlowModel(flow, params, executor);
    });
    return new PretrainedModel(own, pretrained, model);
  }

  /** Works with the model in turn; in Wasm from the moment on that its device is lost. */
  #with<T>(work: (model: FlowModel) => Promise<T>): Promise<T> {
    return this.#inTurn(() =>
      orInWasm(this.model.executor, async (executor) => {
        if (executor !== this.model.executor) {
          const { flow, params } = this.model;
          await this.#close().catch(() => {}); // the arrays of a lost device are lost
          this.model = new FlowModel(flow, params, executor);
        }
        return work(this.model);
      }),
    );
  }

  #part(from: number, to: number): FlowModel {
    const key = `${from}-${to}`;
    const part = this.#parts.get(key) ?? this.model.part(from, to);
    this.#parts.set(key, part);
    return part;
  }

  /** What the first layers make of digits, without noise. */
  #valuesAt(layers: number, pixels: Uint8Array): Promise<Float32Array> {
    return this.#part(0, layers).encode(pixels, { mode: "deterministic" });
  }

  async #close(): Promise<void> {
    const all = [this.model, ...this.#parts.values()];
    this.#parts.clear();
    await Promise.all(all.map((each) => each.dispose()));
  }

  bitsPerDimension({ heldOut }: RunImages): Promise<number> {
    return this.#with(async (model) => (await model.evaluate(heldOut)).bpd);
  }

  /** Outputs of the network, the likelihood of the digit with the parts of its layers, and the device that computed it. */
  read(pixels: Uint8Array) {
    return this.#with(async (model) => {
      const { bpd, nats, ledger } = await model.evaluate(pixels);
      return {
        outputs: await this.#valuesAt(this.layers.to, pixels),
        logProb: nats,
        bpd,
        ledger: ledger.map((line) => ({ layer: line.layer, nats: line.nats, likelihood: line.likelihood })),
        device: nameOf(model.executor),
      };
    });
  }

  /**
   * Other digits with the same outputs, their largest difference from those of the digit, and how many reached the exact
   * outputs.
   */
  preimages(pixels: Uint8Array, { count, temperature, seed }: PreimagesOptions) {
    return this.#with(async () => {
      const wanted = await this.#valuesAt(this.layers.to, pixels);
      const { from, to } = this.layers;
      const [own, front] = [this.#part(from, to), this.#part(0, from)];
      const digit = await front.encode(pixels, { mode: "deterministic" });
      const { examples, ways } = await own.preimages(this.own, digit, { count, seed, temperature });
      const images = toPixels(await front.decode(examples, { mode: "deterministic" }));
      const x = np.array(Float32Array.from(examples)).reshape([count, ...this.own.inShape]);
      const found = (await applyNetwork(this.own, x).data()) as Float32Array;
      const apart = found.map((value, i) => Math.abs(value - wanted[i % wanted.length]!));
      const largestDifference = apart.reduce((most, each) => Math.max(most, each), 0);
      return { images, largestDifference, arrived: ways.filter((way) => way === 1).length };
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
    return this.#with(async () => {
      const found: { name: string; width: number; rows: Float32Array }[] = [];
      for (const [place, name] of places) {
        const rows = await this.#valuesAt(place, pixels);
        const width = (rows.length * DIGITS.pixels) / pixels.length;
        if (width <= MOST_SEEN) found.push({ name, width, rows });
      }
      return found;
    });
  }

  readonly dispose = (): Promise<void> => this.#inTurn(() => this.#close());
}
