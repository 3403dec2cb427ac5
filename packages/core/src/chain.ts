import { type numpy as np, tree } from "@jax-js/jax";
import { ShapeError, UsageError } from "./errors.js";
import type { ExampleDomain } from "./examples.js";
import { type CalibrationData, conditionOf } from "./init/calibration-data.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "./layer.js";
import { nth } from "./lists.js";
import { keyBits, splitKey } from "./math/keys.js";
import { showValue } from "./near-name.js";
import type { NoiseSpec, NoiseTree } from "./noise.js";
import type { HostArray } from "./params/host-array.js";
import type { ParameterKinds } from "./params/parameter-paths.js";
import { treeDispose } from "./params/pytree.js";
import { countOf, expectShape, type Shape, sameShape, showShape } from "./shape.js";

/** What takes a condition to the vector that layers see. */
export type Embedding = Readonly<{
  /** What a condition must be. */
  domain: ExampleDomain;
  /** The vectors of conditions [n, …shape], where they need no weights: layers have them in view at their start. */
  vectors(conditions: HostArray): HostArray | undefined;
  /** Numbers of the vector. */
  size: number;
  parameterKinds: ParameterKinds;
  init(key: np.Array): ArrayTree;
  /** Initial values for the units of conditions [n, …shape]. Consumes the key. */
  start(key: np.Array, conditions: HostArray): ArrayTree | Promise<ArrayTree>;
  /** c [B, …shape] ↦ [B, size]; consumes both. */
  apply(params: ArrayTree, condition: np.Array): np.Array;
  /** Where the condition is a function of x: what is added to it, and its density. */
  outputs?: OutputStep;
}>;

/**
 * A condition c = f(x) that is computed from x. With noise it is a step of the flow, whatever f is: for y = c + a ε, and the layers as a density q of x given y,
 *
 *     log p(x) ≥ E[ log p(y) + log q(x | y) − log N(a ε; 0, a² I) ]
 */
export type OutputStep = Readonly<{
  forwardNoise: NoiseSpec;
  inverseNoise: NoiseSpec;
  /** Names of the terms, as lines of the ledger. */
  lines: readonly string[];
  /** c [B, …shape] ↦ y as layers see it, [B, size], and the terms beside log q(x | y), [B] each. Consumes all. */
  observe(
    params: ArrayTree,
    condition: np.Array,
    noise: NoiseTree,
  ): { seen: np.Array; terms: readonly np.Array[] };
  /** y ~ p(y) as layers see it, [B, size]. Consumes both. */
  draw(params: ArrayTree, noise: NoiseTree): np.Array;
}>;

/**
 * A layer made of sublayers: its parameters and noises are arrays with one entry per sublayer. Where a condition goes through
 * an embedding first, the parameters of that are the last entry.
 */
export type ChainLayer = FlowLayer<ArrayTree[]> &
  Readonly<{ layers: readonly FlowLayer[]; embedding?: Embedding }>;

/** A sublayer and its arguments: its parameters, its noise, and the condition as it sees it. */
type Link = readonly [layer: FlowLayer, params: ArrayTree, noise: NoiseTree, condition: np.Array | undefined];

/** Name of the i-th sublayer in messages and in the ledger: `linear[2]`. */
export const layerLabel = (layers: readonly FlowLayer[], i: number): string => `${layers[i]?.name}[${i}]`;

/**
 * Composition: `chain([a, b, c])` applies `a` first; L is the sum of the contributions of the sublayers.
 *
 * Exact if every sublayer is. Errors: `ShapeError` naming both neighbours if sizes do not fit.
 *
 * @example
 * ```ts
 * import { chain } from "@flowify/core";
 * import { leakyRelu, linear } from "@flowify/core/layers";
 *
 * const layer = chain([linear(5, 3), leakyRelu([3]), linear(3, 2)]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 5 ] [ 2 ] true
 * ```
 */
export function chain(
  parts: readonly FlowLayer[],
  name = "chain",
  { embedding }: { embedding?: Embedding | undefined } = {},
): ChainLayer {
  const given: readonly (FlowLayer | undefined)[] = Array.isArray(parts) ? parts : [];
  const wrong = given.findIndex((part) => typeof part?.forward !== "function");
  if (given !== parts || wrong >= 0) {
    const found = showValue(given === parts ? given[wrong] : parts);
    throw new UsageError(`${name}: expected a list of layers, such as [linear(5, 3)], found ${found}`);
  }
  const layers = parts.flatMap((part) =>
    isChain(part) && part.name === "chain" && !part.embedding ? part.layers : [part],
  );
  const first = layers[0];
  const last = layers[layers.length - 1];
  if (!first || !last) throw new ShapeError(`${name}: a chain needs at least one layer`);
  layers.forEach((layer, i) => {
    const next = layers[i + 1];
    if (next && !sameShape(layer.outShape, next.inShape))
      throw new ShapeError(
        `${layerLabel(layers, i + 1)}: expects ${showShape(next.inShape)}, but ${layerLabel(layers, i)} returns ${showShape(layer.outShape)}`,
      );
  });
  const seen = embedding ? [embedding.size] : layers.find((l) => l.condition)?.condition;
  for (const [i, { condition }] of layers.entries())
    if (condition && !sameShape(condition, seen as Shape))
      throw new ShapeError(
        `${layerLabel(layers, i)}: takes a condition ${showShape(condition, false)}, the chain gives ${showShape(seen as Shape, false)}`,
      );
  const condition = embedding ? embedding.domain.shape : seen;
  const outputs = embedding?.outputs;
  const own = outputs ? [outputs] : [];
  const layer = defineLayer<ArrayTree[]>({
    name,
    named: { x: first.name, z: last.name },
    inShape: first.inShape,
    outShape: last.outShape,
    exact: layers.every((l) => l.exact) && !outputs,
    forwardNoise: [...layers, ...own].map((l): NoiseSpec => l.forwardNoise),
    inverseNoise: [...layers, ...own].map((l): NoiseSpec => l.inverseNoise),
    parameterKinds: [
      ...layers.map((l) => l.parameterKinds),
      ...(embedding ? [embedding.parameterKinds] : []),
    ] as ParameterKinds,
    facts: {
      frozenParameterKinds: [
        ...layers.map((l) => l.facts.frozenParameterKinds ?? "fixed"),
        ...(embedding ? (["fixed"] as const) : []),
      ],
      ...(first.facts.levels !== undefined && { levels: first.facts.levels }),
    },
    ...(condition && { condition }),
    init(key) {
      const keys = splitKey(key, layers.length + (embedding ? 1 : 0));
      return [...layers, ...(embedding ? [embedding] : [])].map((l, i) => l.init(nth(keys, i)));
    },
    forward(given, x, noise, condition) {
      const { links, terms } = linksOf(made, prepared(layers, given, "forward"), noise, condition, "forward");
      let z = x;
      const contributions = links.map(([l, own, drawn, c]) => {
        const step = l.forward(own, z, drawn, c);
        z = step.z;
        return step.contribution;
      });
      return { z, contribution: [...contributions, ...terms].reduce((sum, each) => sum.add(each)) };
    },
    inverse(given, z, noise, condition) {
      const { links } = linksOf(made, prepared(layers, given, "inverse"), noise, condition, "inverse");
      return links.reduceRight((x, [l, own, drawn, c]) => l.inverse(own, x, drawn, c), z);
    },
    initFromData: (key, examples) => initChain(made, key, examples),
  });
  const made: ChainLayer = Object.freeze({ ...layer, layers, ...(embedding && { embedding }) });
  return made;
}

/**
 * The sublayers and the arguments of each, the condition through the embedding, and terms of log p beside those of the sublayers.
 * Consumes the condition, and the embedding's parameters and noise.
 */
export function linksOf(
  chain: ChainLayer,
  params: readonly ArrayTree[],
  noise: NoiseTree,
  condition: np.Array | undefined,
  direction: "forward" | "inverse",
): { links: Link[]; terms: readonly np.Array[] } {
  const { layers, embedding, name, condition: shape } = chain;
  const isDrawn = direction === "inverse" && embedding?.outputs !== undefined;
  if (shape && !condition && !isDrawn)
    throw new UsageError(`${name}: a condition ${showShape(shape, false)} is needed, none was given`);
  if (shape && condition) expectShape(name, "condition", condition, shape);
  const noises = noise as NoiseTree[];
  const { seen, terms } = embedding
    ? seenOf(embedding, params[layers.length] as ArrayTree, condition, noises[layers.length], direction)
    : { seen: condition, terms: [] };
  const links = layers.map(
    (l, i): Link => [l, params[i] as ArrayTree, noises[i] as NoiseTree, l.condition && seen?.ref],
  );
  seen?.dispose();
  return { links, terms };
}

/** The condition as layers see it: of a function of x with noise, or in the inverse direction drawn where none is given. */
function seenOf(
  { apply, outputs }: Embedding,
  params: ArrayTree,
  condition: np.Array | undefined,
  noise: NoiseTree | undefined,
  direction: "forward" | "inverse",
): { seen: np.Array | undefined; terms: readonly np.Array[] } {
  if (outputs && noise) {
    if (!condition) return { seen: outputs.draw(params, noise), terms: [] };
    if (direction === "forward") return outputs.observe(params, condition, noise);
    treeDispose(noise);
  }
  return { seen: condition && apply(params, condition), terms: [] };
}

/** The parameters, prepared where layers ask for that: all of one key together. */
function prepared(
  layers: readonly FlowLayer[],
  params: readonly ArrayTree[],
  direction: "forward" | "inverse",
): ArrayTree[] {
  const ready = [...params];
  const byKey = new Map(
    layers.flatMap(({ facts: { prepare } }) => (prepare ? [[prepare.key, prepare]] : [])),
  );
  for (const [key, { together }] of byKey) {
    const places = layers.flatMap(({ facts: { prepare } }, i) => (prepare?.key === key ? [i] : []));
    const made = together(
      places.map((i) => params[i] as ArrayTree),
      direction,
    );
    places.forEach((i, k) => {
      ready[i] = made[k] as ArrayTree;
    });
  }
  return ready;
}

/**
 * Initializes layer by layer: each layer sees the outputs of the initialized layers before it, and nested chains are
 * flattened. Outputs are recomputed for every use, except those between the layers of the outermost chain: these are
 * stored on the host, because they are small compared with intermediate data inside the layers (patches). The examples
 * are cut to `atLeast` if no remaining layer needs more.
 */
async function initLayers(
  layers: readonly FlowLayer[],
  key: np.Array,
  examples: CalibrationData,
  atLeast: number,
  outermost?: { onProgress: InitProgress },
): Promise<{ params: ArrayTree[]; examples: CalibrationData }> {
  const keys = splitKey(key, 2 * layers.length);
  const params: ArrayTree[] = [];
  const known = examples.known as readonly unknown[] | undefined;
  let seen = examples;
  const neededFrom = (i: number): number => Math.max(atLeast, initExamplesOf(layers.slice(i)));
  for (const [i, l] of layers.entries()) {
    seen = seen.about(known?.[i]).first(neededFrom(i));
    const [startKey, noiseKey] = [nth(keys, 2 * i), nth(keys, 2 * i + 1)];
    let next: CalibrationData;
    if (isChain(l)) {
      noiseKey.dispose();
      const inner = await initLayers(l.layers, startKey, seen, atLeast);
      params.push(inner.params);
      next = inner.examples;
    } else {
      const ones = seen.first(Math.max(atLeast, l.facts.initExamples ?? 0));
      const own = l.initFromData ? await l.initFromData(startKey, ones) : l.init(startKey);
      const seed = keyBits(noiseKey);
      params.push(own);
      next = l.facts.atInit === "identity" ? seen : outputs(l, own, seen, seed);
    }
    const wanted = i < layers.length - 1 && next !== seen;
    seen = outermost && wanted ? await next.first(neededFrom(i + 1)).held() : next;
    outermost?.onProgress(layerLabel(layers, i), i + 1, layers.length);
  }
  return { params, examples: seen };
}

/** Called after the initialization of each layer. */
export type InitProgress = (layer: string, done: number, layers: number) => void;

/**
 * Initial values of a whole chain. The inputs of its layers are stored on the host. Each layer sees the first `atLeast`
 * examples, and more if it needs more. An embedding starts in the units of `conditions`, [n, …].
 */
export async function initChain(
  { layers, embedding }: ChainLayer,
  key: np.Array,
  examples: CalibrationData,
  onProgress: InitProgress = () => {},
  atLeast = examples.count,
  conditions?: HostArray,
): Promise<ArrayTree[]> {
  const [own, other] = embedding ? splitKey(key, 2) : [key];
  const vectors = conditions && embedding?.vectors(conditions);
  const seen = vectors ? examples.conditioned(vectors) : examples;
  const { params } = await initLayers(layers, own, seen, atLeast, { onProgress });
  if (embedding && other)
    params.push(conditions ? await embedding.start(other, conditions) : embedding.init(other));
  return params;
}

/** Most examples that the initialization of one of these layers needs; 0 without such a layer. */
export const initExamplesOf = (layers: readonly FlowLayer[]): number =>
  layers.reduce(
    (most, l) => Math.max(most, isChain(l) ? initExamplesOf(l.layers) : (l.facts.initExamples ?? 0)),
    0,
  );

/** Outputs of a layer for examples, with random noise; borrows the parameters. */
const outputs = (
  layer: FlowLayer,
  params: ArrayTree,
  examples: CalibrationData,
  seed: number,
): CalibrationData =>
  examples.map(
    layer.outShape,
    (x, noise, given) => {
      const condition = conditionOf(layer, given, countOf(x));
      if (typeof layer.facts.atInit === "function") {
        condition?.dispose();
        return layer.facts.atInit(x, noise);
      }
      const step = layer.forward(tree.ref(params), x, noise, condition);
      step.contribution.dispose();
      return step.z;
    },
    { noise: layer.forwardNoise, seed },
  );

export function isChain(layer: FlowLayer): layer is ChainLayer {
  return Array.isArray((layer as Partial<ChainLayer>).layers);
}
