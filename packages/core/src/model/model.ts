import { type JsTree, type numpy as np, random } from "@jax-js/jax";
import { checkOptions } from "../check-options.js";
import { UsageError } from "../errors.js";
import { type ExamplesIn, inBatches, readExamples } from "../examples.js";
import type { Executor, PlacedArray } from "../executor/executor.js";
import { expectMemoryFor, expectMemoryForEach } from "../executor/memory.js";
import { type Flow, type FlowParams, flow } from "../flow.js";
import * as o from "../layers/options.js";
import { shapeKey } from "../math/keys.js";
import type { OrdinaryNetwork } from "../network/network.js";
import type { DrawOptions, NoiseSpec, NoiseTree } from "../noise.js";
import type { HostArray } from "../params/host-array.js";
import { parameterList } from "../params/parameter-list.js";
import { parameterPaths } from "../params/parameter-paths.js";
import { treeDispose, treeFlatten } from "../params/pytree.js";
import { decodeSafetensors, encodeSafetensors } from "../params/safetensors.js";
import { type ExamplePreimages, type PreimageOptions, preimagesOfExample } from "../preimage/preimages.js";
import { sizeOf } from "../shape.js";
import { STREAM } from "../train/data.js";
import { readArray, takeToHost } from "../train/state.js";
import { LARGEST, type RowFunction, type RunOptions } from "./batch-parts.js";
import { batchRunner } from "./batches.js";
import { type Evaluation, refuseNaN, summarize, totals } from "./evaluation.js";
import { type Explanation, explainExample } from "./explain.js";
import { gradientRow, type LogProbGradient, splitGradientRows } from "./gradient.js";
import { type BoundEstimate, importanceBound } from "./importance-bound.js";
import { latentStream } from "./latents.js";

export type SampleOptions = DrawOptions & {
  /** `sample` (default) samples every noise, `deterministic` sets it to its mean. */
  mode?: "sample" | "deterministic";
};

/** Results of `FlowModel.score` for a batch of examples, one after another. */
export type Scores = Readonly<{
  /** log p in nats: from one sample, or the bound from K samples, with its standard error over the samples. */
  logProb: Float64Array;
  stdErr?: Float64Array;
  /** Contributions of the first sample in nats, a row of `flow.ledgerLines` per example. */
  ledger: Float32Array;
}>;

const seed = o.integer(0);
const draw = { seed, temperature: o.notNegative };
const schemas = {
  draw: { ...draw, mode: o.oneOf("sample", "deterministic") },
  estimate: { seed, samples: o.integer(1) },
  preimages: { ...draw, count: o.integer(1), results: o.record },
};

/** Copies of the parameters while a model is created: the initial values, on the host, and on the executor's device. */
const COPIES = 3;

/** Copies of the latents of a sample on the host: those of the stream, and those of the batches that are computed. */
const LATENTS = 2;

/** Examples in a block of samples at most, and numbers. */
const BLOCK = { examples: 4096, numbers: 2 ** 20 } as const;

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
  #placed: Promise<JsTree<PlacedArray>>;
  readonly #runner: ReturnType<typeof batchRunner>;
  #disposed = false;

  /**
   * From parameters on the host, in the tree of `flow.init`. `moving`: they will be replaced (`moveTo`), so programs take
   * them as arguments.
   */
  constructor(
    flow: Flow,
    params: JsTree<HostArray>,
    executor: Executor,
    { moving = false }: { moving?: boolean } = {},
  ) {
    this.flow = flow;
    this.executor = executor;
    this.#params = params;
    this.#placed = executor.place(params);
    this.#runner = batchRunner(executor, params, { moving });
  }

  /** A model with random initial values (and the pretrained weights of its layers). */
  static async create(flow: Flow, executor: Executor, options: { seed?: number } = {}): Promise<FlowModel> {
    checkOptions("FlowModel.create", { seed }, options);
    const layers = flow.ledgerLines.map(({ layer }) => layer);
    expectMemoryFor(executor, layers, parameterList(flow), { copies: COPIES });
    return new FlowModel(flow, await takeToHost(flow.init(random.key(options.seed ?? 0))), executor);
  }

  /**
   * log p(x) of every example in nats. If the flow is not exact it is a bound in expectation, from one sample of its
   * noise (`importanceBound` uses several).
   *
   * @throws DataError, DomainError if the examples do not fit the flow; NotFiniteError naming example and layer if log
   * p is NaN or +Infinity. −Infinity, a density of 0, is a valid result.
   */
  async logProb(examples: ExamplesIn, options: SampleOptions = {}): Promise<Float64Array> {
    checkOptions("logProb", schemas.draw, options);
    return (await this.#ledger(examples, options)).total;
  }

  /**
   * log p(x) of every example, and its gradient by the entries of x (the score of the density): where to change an
   * example to make it more likely. The noise is that of `logProb` with the same options.
   *
   * @throws DataError, DomainError if the examples do not fit the flow; NotFiniteError naming the example.
   */
  async logProbGradient(examples: ExamplesIn, options: SampleOptions = {}): Promise<LogProbGradient> {
    checkOptions("logProbGradient", schemas.draw, options);
    const read = readExamples(examples, this.flow.domain);
    const rows = await this.#run(gradientRow(this.flow), read.examples, read.count, STREAM.evaluate, options);
    return splitGradientRows(this.flow, rows, read.count);
  }

  /**
   * log (1/K) Σ_k p_k(x) with K independent samples of the noise: increases to log p(x) with K.
   *
   * @throws UsageError for samples < 1. Source: Burda et al. 2015 (arXiv:1509.00519), equation 8.
   */
  async importanceBound(
    examples: ExamplesIn,
    options: { samples?: number; seed?: number } = {},
  ): Promise<BoundEstimate> {
    checkOptions("importanceBound", schemas.estimate, options);
    const { samples = 16, seed = 0 } = options;
    const logs: Float64Array[] = [];
    for (let k = 0; k < samples; k++) logs.push(await this.logProb(examples, { seed: seed * samples + k }));
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
    options: { samples?: number; seed?: number } = {},
  ): AsyncGenerator<Scores> {
    checkOptions("score", schemas.estimate, options);
    const { samples = 1, seed = 0 } = options;
    let firstBatch = 0;
    for await (const examples of inBatches(source, this.flow.domain, LARGEST)) {
      const logs: Float64Array[] = [];
      let ledger: Float32Array | undefined;
      for (let k = 0; k < samples; k++) {
        const { rows, total } = await this.#ledger(examples, { seed: seed * samples + k }, firstBatch);
        ledger ??= rows;
        logs.push(total);
      }
      const single = logs[0] as Float64Array;
      const { logProb, stdErr } = samples === 1 ? { logProb: single } : importanceBound(logs);
      yield { logProb, ledger: ledger as Float32Array, ...(stdErr && { stdErr }) };
      firstBatch++;
    }
  }

  /** The ledger over examples: the mean contribution of each layer, with the standard error of the total. */
  async evaluate(examples: ExamplesIn, options: SampleOptions = {}): Promise<Evaluation> {
    checkOptions("evaluate", schemas.draw, options);
    const { rows, total } = await this.#ledger(examples, options);
    return summarize(this.flow, rows, total);
  }

  /**
   * Shows which layers make an example unlikely: the contribution of each layer, compared with other examples, in
   * standard deviations. Errors: those of `score`.
   */
  async explain(
    example: ExamplesIn,
    others: ExamplesIn,
    options: { seed?: number } = {},
  ): Promise<Explanation[]> {
    checkOptions("explain", { seed }, options);
    return explainExample(this, example, others, options.seed ?? 0);
  }

  /**
   * n samples from the model, a row each with the numbers of `flow.inShape`, as `logProb` takes them: z from the base, then
   * a sample of the stochastic inverse. In deterministic mode z is also sampled, and the inverse returns its mean. All rows
   * are parts of one array, that of `sampleFlat`.
   */
  async sample(n: number, options: SampleOptions = {}): Promise<Float32Array[]> {
    checkOptions("sample", schemas.draw, options);
    const [flat, size] = [await this.sampleFlat(n, options), sizeOf(this.flow.inShape)];
    return Array.from({ length: n }, (_, i) => flat.subarray(i * size, (i + 1) * size));
  }

  /** The samples of `sample`, one after another in one array. */
  async sampleFlat(n: number, options: SampleOptions = {}): Promise<Float32Array> {
    checkOptions("sampleFlat", schemas.draw, options);
    return this.#decode("sample", await this.latents(n, options), n, options);
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
    { from = 0, to = n, ...options }: SampleOptions & { from?: number; to?: number } = {},
  ): AsyncGenerator<Float32Array> {
    checkOptions("sampleBlocks", schemas.draw, options);
    expectCount(n);
    const isEdge = (at: number): boolean => at % LARGEST === 0 || at === n;
    if (!(from >= 0 && from <= to && to <= n && isEdge(from) && isEdge(to)))
      throw new UsageError(
        `samples ${from} to ${to} of ${n}: expected multiples of ${LARGEST} within the number of samples`,
      );
    const { base, dimensions } = this.flow;
    const most = 2 ** Math.floor(Math.log2(BLOCK.numbers / Math.max(dimensions, sizeOf(base.shape))));
    const size = Math.min(Math.max(most, LARGEST), BLOCK.examples);
    const latents = latentStream(base, options.seed ?? 0, options.temperature ?? 1);
    latents.skip(from);
    for (let at = from; at < to; at += size) {
      const count = Math.min(size, to - at);
      yield this.#decode("sample", await latents.next(count), count, options, at / LARGEST);
    }
  }

  /** n samples z of the base, one after another, each of `flow.latentShape`. `sample` decodes these. */
  async latents(n: number, options: SampleOptions = {}): Promise<Float32Array> {
    checkOptions("latents", schemas.draw, options);
    const { seed = 0, temperature = 1 } = options;
    expectCount(n);
    const { base, dimensions } = this.flow;
    expectMemoryForEach(this.executor, `drawing ${n} samples`, n, LATENTS * sizeOf(base.shape) + dimensions);
    return latentStream(base, seed, temperature).next(n);
  }

  /**
   * x ↦ z: the latent of every example, one after another, each of `flow.latentShape`. Errors: `NotFiniteError` for
   * NaN.
   */
  async encode(examples: ExamplesIn, options: SampleOptions = {}): Promise<Float32Array> {
    checkOptions("encode", schemas.draw, options);
    const { flow } = this;
    const read = readExamples(examples, flow.domain);
    const row = this.#row("encode", flow.encode, flow.forwardNoise);
    return this.#run(row, read.examples, read.count, STREAM.evaluate, options, {
      check: refuseNaN("encode"),
    });
  }

  /**
   * z ↦ x: a sample of the stochastic inverse for every latent; in deterministic mode, its mean. Errors:
   * `NotFiniteError` for NaN.
   */
  async decode(latents: ExamplesIn, options: SampleOptions = {}): Promise<Float32Array> {
    checkOptions("decode", schemas.draw, options);
    const read = readExamples(latents, { shape: this.flow.latentShape });
    return this.#decode("decode", read.examples, read.count, options);
  }

  /** decode(encode(x)): the information that the latent keeps. Encodes in deterministic mode. */
  async reconstruct(examples: ExamplesIn, options: SampleOptions = {}): Promise<Float32Array> {
    return this.decode(await this.encode(examples, { ...options, mode: "deterministic" }), options);
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
    return preimagesOfExample(this, network, example, options);
  }

  /** The layers [from, to) with their parameters, as a separate model on the same executor. */
  part(from: number, to: number): FlowModel {
    const { layers } = this.flow.chain;
    const params = this.#params as readonly JsTree<HostArray>[];
    return new FlowModel(flow(layers.slice(from, to)), params.slice(from, to), this.executor);
  }

  /** The parameters by name, `params.<path>`. */
  arrays(): { [name: string]: HostArray } {
    const values = treeFlatten(this.#params).leaves;
    const leaves = parameterPaths(this.#params, this.flow.parameterKinds);
    return Object.fromEntries(leaves.map(({ path }, i) => [`params.${path}`, values[i] as HostArray]));
  }

  /** The parameters on the host, in the tree of `flow.init`. */
  get params(): JsTree<HostArray> {
    return this.#params;
  }

  /** Number of trainable parameters. */
  get parameters(): number {
    const values = treeFlatten(this.#params).leaves;
    return parameterPaths(this.#params, this.flow.parameterKinds).reduce(
      (sum, leaf, i) => sum + (leaf.kind === "fixed" ? 0 : (values[i] as HostArray).data.length),
      0,
    );
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
  ): Promise<FlowModel> {
    const like = flow.init(shapeKey());
    const leaves = parameterPaths(like, flow.parameterKinds);
    const { leaves: values, rebuild } = treeFlatten<np.Array>(like);
    try {
      const params = rebuild(values.map((v, i) => readArray(arrays, `params.${leaves[i]?.path}`, v)));
      return new FlowModel(flow, params, executor);
    } finally {
      treeDispose(like);
    }
  }

  /**
   * Replaces the parameters of a `moving` model; its programs stay. For pictures of a training in progress.
   *
   * @throws UsageError if the model is not `moving`
   */
  async moveTo(params: JsTree<HostArray>): Promise<void> {
    this.#runner.expectMoving();
    this.executor.release(await this.#placed);
    this.#params = params;
    this.#placed = this.executor.place(params);
    await this.#placed;
  }

  /** True once the model was disposed of. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Releases the memory of the executor. The model cannot be used afterwards; calls after the first do nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#runner.dispose();
    this.executor.release(await this.#placed);
  }

  #row(
    name: string,
    f: (params: FlowParams, x: np.Array, noise: NoiseTree) => np.Array,
    noise: NoiseSpec,
  ): RowFunction {
    return { name, f, inShape: this.flow.inShape, noise, itemwise: false };
  }

  async #run(
    row: RowFunction,
    x: Uint8Array | Float32Array,
    count: number,
    stream: number,
    { seed = 0, mode = "sample", temperature = 1 }: SampleOptions,
    more: Pick<RunOptions, "firstBatch" | "check"> = {},
  ): Promise<Float32Array> {
    if (this.#disposed) throw new UsageError("the model was disposed of: it cannot be used any more");
    const options = { seed, stream, mode, temperature, ...more };
    return this.#runner.run(row, await this.#placed, x, count, options);
  }

  /** `name`: a separate program, "sample", for latents that the model sampled: none of them is an outlier. */
  async #decode(
    name: "decode" | "sample",
    z: Uint8Array | Float32Array,
    count: number,
    options: SampleOptions,
    firstBatch = 0,
  ): Promise<Float32Array> {
    const { decode, inverseNoise, latentShape } = this.flow;
    const row = {
      ...this.#row(name, decode, inverseNoise),
      inShape: latentShape,
      itemwise: name === "sample",
    };
    return this.#run(row, z, count, STREAM.sample, options, { firstBatch, check: refuseNaN("decode") });
  }

  /** Contributions, a row per example, and their sums in double precision. */
  async #ledger(
    examples: ExamplesIn,
    options: SampleOptions,
    firstBatch = 0,
  ): Promise<{ rows: Float32Array; total: Float64Array }> {
    const { flow } = this;
    const { examples: x, count } = readExamples(examples, flow.domain);
    const rows = await this.#run(
      { ...this.#row("ledger", flow.ledger, flow.forwardNoise), itemwise: true },
      x,
      count,
      STREAM.evaluate,
      options,
      { firstBatch },
    );
    return { rows, total: totals(flow, rows, count) };
  }
}

/** @throws UsageError for a number of samples that is none */
function expectCount(n: number): void {
  if (!Number.isInteger(n) || n < 1)
    throw new UsageError(`the number of samples must be a positive integer, got ${n}`);
}
