import type { JsTree } from "@jax-js/jax";
import { type ConditionOption, type ExamplesIn, readExamples } from "../examples.js";
import type { Executor } from "../executor/executor.js";
import { expectMemoryFor } from "../executor/memory.js";
import type { Flow } from "../flow.js";
import { keyOfSeed, shapeKey } from "../math/keys.js";
import { expectNetwork, type OrdinaryNetwork } from "../network/network.js";
import { checkOptions } from "../options.js";
import type { HostArray } from "../params/host-array.js";
import { parameterList, trainableNumbers } from "../params/parameter-list.js";
import { decodeSafetensors, encodeSafetensors } from "../params/safetensors.js";
import { type ExamplePreimages, type PreimageOptions, preimagesOfExample } from "../preimage/preimages.js";
import { takeToHost } from "../train/state.js";
import type { SampleOptions } from "./batch-parts.js";
import { type BatchRunner, batchRunner } from "./batches.js";
import { type Evaluation, type Filled, summarize } from "./evaluation.js";
import { type Explanation, explainExample } from "./explain.js";
import { gradientOf, type LogProbGradient } from "./gradient.js";
import { type BoundEstimate, type EstimateOptions, importanceBound } from "./importance-bound.js";
import { namedParameters, parametersNamed } from "./named-parameters.js";
import { type Counts, type GivenOptions, type ModelOptions, schemas } from "./options.js";
import { layersBeforeMixture, partOf, reconstruct } from "./part.js";
import { decodeRow, decodeRows, latentsOf, sampleBlocks } from "./samples.js";
import { encodeRows, ledgerOf, ledgerRow, type Scores, scoreStream } from "./scores.js";

/** Copies of the parameters while a model is created: initial values, on the host, on the device. */
const COPIES = 3;

/**
 * A flow with parameters on an executor. Methods take typed or nested arrays and return promises of typed arrays. Only
 * the model itself must be disposed of.
 *
 * @example
 * ```ts
 * import { fit, flow } from "@flowify/core";
 * import { coupling } from "@flowify/core/layers";
 *
 * const data = Array.from({ length: 256 }, (_, i) => [Math.sin(i), Math.sin(i) + 0.1 * Math.cos(7 * i)]);
 * const model = await fit(flow([coupling([2], 2, { hidden: 16 })]), data, { steps: 40, batchSize: 64, seed: 7 });
 * const [on = 0, off = 0] = await model.logProb([[0.5, 0.5], [0.5, -0.5]]);
 * const samples = await model.sample(10, { seed: 1 });
 * console.log(on > off, samples.length, (await model.logProb(samples)).length);
 * await model.dispose();
 * // true 10 10
 * ```
 */
export class FlowModel {
  readonly flow: Flow;
  readonly executor: Executor;
  #params: JsTree<HostArray>;
  readonly #runner: BatchRunner;
  readonly #options: ModelOptions;
  /** The layers in front of a mixture that ends the flow, once they are asked for. */
  #front: FlowModel | undefined;

  /** From parameters on the host, in the tree of `flow.init`. */
  constructor(
    flow: Flow,
    params: JsTree<HostArray>,
    executor: Executor,
    { moving = false, conditionOf }: ModelOptions = {},
  ) {
    this.flow = flow;
    this.executor = executor;
    this.#params = params;
    this.#runner = batchRunner(executor, params, { moving });
    this.#options = { moving, conditionOf: flow.condition?.computed ? conditionOf : undefined };
  }

  /** The options, with the condition of these examples where it is a function of them. */
  async #given<O extends ConditionOption>(examples: ExamplesIn, options: O): Promise<O> {
    const { conditionOf } = this.#options;
    if (!conditionOf || options.condition !== undefined) return options;
    const { examples: numbers } = readExamples(examples, this.flow.domain);
    return { ...options, condition: await conditionOf(numbers) };
  }

  /** A model with random initial values (and the pretrained weights of its layers). */
  static async create(flow: Flow, executor: Executor, options: { seed?: number } = {}): Promise<FlowModel> {
    checkOptions("FlowModel.create", schemas.create, options);
    const layers = flow.ledgerLines.map(({ layer }) => layer);
    expectMemoryFor(executor, layers, parameterList(flow), { copies: COPIES });
    return new FlowModel(flow, await takeToHost(flow.init(keyOfSeed(options.seed ?? 0))), executor);
  }

  /**
   * A model to be moved (`moveTo`) to parameters that are not known yet. The programs that sample so many examples, and evaluate each of
   * these numbers of them, are compiled meanwhile.
   */
  static async ahead(flow: Flow, executor: Executor, { sample, evaluate }: Counts): Promise<FlowModel> {
    const model = new FlowModel(flow, await takeToHost(flow.init(shapeKey())), executor, { moving: true });
    if (sample !== undefined) await model.#runner.prepare(decodeRow(flow, "sample", flow.condition), sample);
    for (const count of evaluate) await model.#runner.prepare(ledgerRow(flow), count);
    return model;
  }

  /**
   * log p(x) of every example in nats. If the flow is not exact it is a bound in expectation, from one sample of its
   * noise (`importanceBound` uses several).
   *
   * @throws DataError, DomainError if the examples do not fit the flow; NotFiniteError naming example and layer if log
   * p is NaN or +Infinity. −Infinity, a density of 0, is a valid result.
   */
  async logProb(examples: ExamplesIn, options: GivenOptions = {}): Promise<Float64Array> {
    checkOptions("logProb", schemas.draw, options);
    return (await ledgerOf(this.flow, this.#runner, examples, await this.#given(examples, options))).total;
  }

  /**
   * log p(x) of every example, and its gradient by the entries of x (the score of the density): where to change an
   * example to make it more likely. The noise is that of `logProb` with the same options.
   *
   * @throws DataError, DomainError if the examples do not fit the flow; NotFiniteError naming the example; UsageError for a flow with
   * `outputs`, whose function has no derivative here
   */
  async logProbGradient(examples: ExamplesIn, options: GivenOptions = {}): Promise<LogProbGradient> {
    checkOptions("logProbGradient", schemas.draw, options);
    return gradientOf(this.flow, this.#runner, examples, options);
  }

  /**
   * log (1/K) Σ_k p_k(x) with K independent samples of the noise: increases to log p(x) with K.
   *
   * @throws UsageError for samples < 1. Source: Burda et al. 2015 (arXiv:1509.00519), equation 8.
   */
  async importanceBound(examples: ExamplesIn, options: EstimateOptions = {}): Promise<BoundEstimate> {
    checkOptions("importanceBound", schemas.estimate, options);
    const { samples = 16, seed = 0, ...given } = options;
    const logs: Float64Array[] = [];
    for (let k = 0; k < samples; k++)
      logs.push(await this.logProb(examples, { ...given, seed: seed * samples + k }));
    return importanceBound(logs);
  }

  /**
   * Scores a stream of examples batch by batch, with constant memory. Examples are cut into batches of 256, so that the
   * scores equal those of one call with all of them.
   *
   * @throws DataError, DomainError if the examples do not fit the flow; UsageError for samples < 1.
   */
  async *score(
    source: Iterable<ExamplesIn> | AsyncIterable<ExamplesIn>,
    options: EstimateOptions = {},
  ): AsyncGenerator<Scores> {
    checkOptions("score", schemas.estimate, options);
    yield* scoreStream(this.flow, this.#runner, source, {
      ...options,
      ...(options.condition === undefined && { conditionOf: this.#options.conditionOf }),
    });
  }

  /** The ledger over examples: the mean contribution of each layer, with the standard error of the total. */
  async evaluate(examples: ExamplesIn, options: GivenOptions & Filled = {}): Promise<Evaluation> {
    checkOptions("evaluate", schemas.evaluate, options);
    const given = await this.#given(examples, options);
    const { rows, total } = await ledgerOf(this.flow, this.#runner, examples, given);
    return summarize(this.flow, rows, total, options.filled);
  }

  /**
   * Shows which layers make an example unlikely: the contribution of each layer, compared with other examples, in
   * standard deviations. `condition` is that of the example, `others` those of the others. Errors: those of `score`.
   */
  async explain(
    example: ExamplesIn,
    others: ExamplesIn,
    options: { seed?: number; others?: ConditionOption["condition"] } & ConditionOption = {},
  ): Promise<Explanation[]> {
    checkOptions("explain", schemas.explain, options);
    return explainExample(this, example, others, options);
  }

  /**
   * n samples from the model, a row each with the numbers of `flow.inShape`, as `logProb` takes them: z from the base, then
   * a sample of the stochastic inverse. In deterministic mode z is also sampled, and the inverse returns its mean. All rows
   * are parts of one array, that of `sampleFlat`.
   */
  async sample(n: number, options: GivenOptions = {}): Promise<Float32Array[]> {
    checkOptions("sample", schemas.draw, options);
    const [flat, size] = [await this.sampleFlat(n, options), this.flow.dimensions];
    return Array.from({ length: n }, (_, i) => flat.subarray(i * size, (i + 1) * size));
  }

  /** The samples of `sample`, one after another in one array. */
  async sampleFlat(n: number, options: GivenOptions = {}): Promise<Float32Array> {
    checkOptions("sampleFlat", schemas.draw, options);
    const { condition: _, ...drawn } = options;
    const latents = { examples: await this.latents(n, drawn), count: n };
    return decodeRows(this.flow, this.#runner, "sample", latents, options);
  }

  /**
   * The samples `from` to `to` (without) of `sampleFlat(n)`, bit for bit, in blocks, with constant memory. `from` and, unless it is
   * n, `to` are multiples of 256: samples are computed in batches of that size. A block has 4,096 samples, large ones fewer: 256
   * by a power of two.
   *
   * @throws UsageError for another range
   */
  async *sampleBlocks(
    n: number,
    options: GivenOptions & { from?: number; to?: number } = {},
  ): AsyncGenerator<Float32Array> {
    checkOptions("sampleBlocks", schemas.blocks, options);
    yield* sampleBlocks(this.flow, this.#runner, n, options);
  }

  /** n samples z of the base, one after another, each of `flow.latentShape`. `sample` decodes these. */
  async latents(n: number, options: SampleOptions = {}): Promise<Float32Array> {
    checkOptions("latents", schemas.draw, options);
    return latentsOf(this.flow, this.executor, n, options);
  }

  /**
   * x ↦ z: the latent of every example, one after another, each of `flow.latentShape`. Errors: `NotFiniteError` for
   * NaN.
   */
  async encode(examples: ExamplesIn, options: GivenOptions = {}): Promise<Float32Array> {
    checkOptions("encode", schemas.draw, options);
    return encodeRows(this.flow, this.#runner, examples, await this.#given(examples, options));
  }

  /**
   * z ↦ x: a sample of the stochastic inverse for every latent; in deterministic mode, its mean. Errors:
   * `NotFiniteError` for NaN.
   */
  async decode(latents: ExamplesIn, options: GivenOptions = {}): Promise<Float32Array> {
    checkOptions("decode", schemas.draw, options);
    const z = readExamples(latents, { shape: this.flow.latentShape });
    return decodeRows(this.flow, this.#runner, "decode", z, options);
  }

  /**
   * decode(encode(x)): the information that the latent keeps. Encodes in deterministic mode; samples where there is no latent.
   * Where a mixture of normals ends the flow, the latent is the vector that it sees.
   */
  async reconstruct(examples: ExamplesIn, options: GivenOptions = {}): Promise<Float32Array> {
    const before = layersBeforeMixture(this.flow);
    if (before > 0) this.#front ??= this.part(0, before);
    return reconstruct(this.#front ?? this, examples, await this.#given(examples, options));
  }

  /**
   * Inputs that a pretrained network maps to the outputs of an example, or to other requested outputs: they show what
   * the network ignores. This model must be the flow of the network alone (see `part`).
   *
   * @throws ShapeError if the example does not fit the network, or an output does not exist
   */
  async preimages(
    network: OrdinaryNetwork,
    example: ExamplesIn,
    options: PreimageOptions = {},
  ): Promise<ExamplePreimages> {
    checkOptions("preimages", schemas.preimages, options);
    expectNetwork("preimages", network);
    return preimagesOfExample(this, network, example, options);
  }

  /** The layers [from, to) with their parameters, as a separate model on the same executor. */
  part(from: number, to: number): FlowModel {
    const { flow, params } = partOf(this.flow, this.#params, [from, to]);
    return new FlowModel(flow, params, this.executor, this.#options);
  }

  /** The parameters by name, `params.<path>`. */
  arrays(): { [name: string]: HostArray } {
    return namedParameters(this.flow, this.#params);
  }

  /** The parameters on the host, in the tree of `flow.init`. */
  get params(): JsTree<HostArray> {
    return this.#params;
  }

  /** Number of trainable parameters. */
  get parameters(): number {
    return trainableNumbers(this.flow);
  }

  /** The parameters as the bytes of a safetensors file. */
  save(metadata: { readonly [name: string]: string } = {}): Uint8Array {
    return encodeSafetensors(this.arrays(), metadata);
  }

  /** A model from the bytes of `save`. Errors: `CheckpointError`. */
  static async load(flow: Flow, bytes: Uint8Array, executor: Executor): Promise<FlowModel> {
    return FlowModel.fromArrays(flow, decodeSafetensors(bytes).tensors, executor);
  }

  /** A model from named arrays. Errors: `CheckpointError` naming the array that is missing or does not fit. */
  static async fromArrays(
    flow: Flow,
    arrays: { readonly [name: string]: HostArray },
    executor: Executor,
    options: ModelOptions = {},
  ): Promise<FlowModel> {
    return new FlowModel(flow, parametersNamed(flow, arrays), executor, options);
  }

  /**
   * Replaces the parameters of a `moving` model; its programs stay. For pictures of a training in progress.
   *
   * @throws UsageError if the model is not `moving`
   */
  async moveTo(params: JsTree<HostArray>): Promise<void> {
    await this.#runner.moveTo(params);
    await this.#front?.moveTo(partOf(this.flow, params, [0, layersBeforeMixture(this.flow)]).params);
    this.#params = params;
  }

  /** True once the model was disposed of. */
  get disposed(): boolean {
    return this.#runner.disposed;
  }

  /** Releases the memory of the executor. The model cannot be used afterwards; calls after the first do nothing. */
  async dispose(): Promise<void> {
    await this.#front?.dispose();
    await this.#runner.dispose();
  }
}
