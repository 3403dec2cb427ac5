import * as v from "valibot";
import { type Base, uniform } from "./base.js";
import { conditionSchemas, embedding } from "./condition.js";
import { gaussian } from "./densities/gaussian.js";
import { mixture } from "./densities/mixture.js";
import { mixtureResidual, normalResidual } from "./densities/residual.js";
import { DomainError, ShapeError, UnsupportedOpError, UsageError } from "./errors.js";
import { type Flow, flow } from "./flow.js";
import type { FlowLayer } from "./layer.js";
import type { Conversion, FlowContext } from "./layers/kind.js";
import { didYouMean } from "./near-name.js";
import { plain } from "./network/apply-network.js";
import { expectNetwork, type Network } from "./network/network.js";
import { findKind, kinds } from "./network/schema.js";
import type { InnerLayer } from "./options.js";
import * as o from "./options.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

export type FlowifyOptions = {
  /** How dropped coordinates are modelled: `gaussian` (the paper's), `mixture`, or a model of one's own. Default `mixture`. */
  density?: keyof typeof models | DroppedModel;
  /** How reducing kernels model what they drop. Default `patching` (the paper's). */
  inverse?: Conversion["inverse"];
  /** How orthogonal matrices are parameters. Default `manifold`. */
  orthogonal?: Conversion["orthogonal"];
  /** The distribution of augmentation noise. Default `gaussian`. */
  augmentation?: Conversion["augmentation"];
  /**
   * Training leaves the function that deterministic mode computes as it is, bit for bit, and learns the noise and
   * the stochastic inverse alone. Default false.
   */
  frozen?: boolean;
};

/** A model of dropped coordinates: as a density of vectors, and as the distribution of residuals inside reducing kernels. */
type DroppedModel = Pick<Conversion, "density" | "residual">;

const models = {
  gaussian: { density: gaussian, residual: normalResidual },
  mixture: { density: mixture, residual: mixtureResidual(3) },
} as const satisfies { [name: string]: DroppedModel };

const schemas: o.SchemasOf<FlowifyOptions> = {
  density: o.either(o.oneOf("gaussian", "mixture"), o.record, "gaussian, mixture or a model"),
  inverse: o.oneOf("patching", "local"),
  orthogonal: o.oneOf("manifold", "expm"),
  augmentation: o.oneOf("gaussian", "uniform"),
  frozen: o.flag,
};

/** A flow with what it was made from: so it can be written to a file, and made again. */
export type NetworkFlow = Flow & Readonly<{ network: Network; options: FlowifyOptions }>;

/**
 * Turns an ordinary network into a flow: each layer into the flow layer that computes the same
 * function in deterministic mode and has a stochastic inverse; given weights are kept.
 *
 * Errors: `ShapeError` that names the layer where sizes do not fit, `DomainError` where its numbers have no
 * flow, `UnsupportedOpError` for an unknown kind, `UsageError` for an unknown option; all when the flow is built, before any data is read.
 *
 * @example
 * ```ts
 * import { flowify } from "@flowify/core";
 *
 * const flow = flowify({
 *   inShape: [1, 28, 28],
 *   layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 16 }, { kind: "rqSpline" }],
 * });
 * console.log(flow.latentShape, flow.exact, flow.dimensions);
 * // [ 16 ] false 784
 * ```
 */
export function flowify(network: Network, options: FlowifyOptions = {}): NetworkFlow {
  o.checkOptions("flowify", schemas, options);
  expectNetwork("flowify", network);
  for (const name of ["condition", "embedding", "outputs", "base"] as const)
    if (network[name] !== undefined && !v.safeParse(conditionSchemas[name], network[name]).success)
      throw new UsageError(
        `flowify: expected ${name}: ${conditionExamples[name]}, found ${JSON.stringify(network[name])}`,
      );
  for (const [name, what] of Object.entries({ embedding: "an embedding", base: "a conditional base" }))
    if (network[name as "embedding"] && !network.condition)
      throw new UsageError(`flowify: ${what} needs a condition: { shape } or { classes }`);
  const { density = "mixture", orthogonal, augmentation, inverse, frozen = false } = options;
  const conversion: Conversion = {
    ...(typeof density === "string" ? models[density] : density),
    ...(inverse && { inverse }),
    ...(orthogonal && { orthogonal }),
    ...(augmentation && { augmentation }),
  };
  const outputs = outputsOf(network, contextOf(conversion));
  const given = network.condition && embedding(network.condition, network.embedding, outputs);
  const { seenBy } = network.condition ?? {};
  const unknown = seenBy?.find((kind) => !findKind(kind));
  if (unknown !== undefined)
    throw new UsageError(
      `flowify: condition.seenBy: there is no kind "${unknown}"${didYouMean(unknown, Object.keys(kinds))}`,
    );
  const context = contextOf(conversion, given?.size);
  const blind = seenBy && { kinds: seenBy, others: contextOf(conversion) };
  const layers = layersOf(network.layers, network.inShape, context, blind);
  if (network.base) layers.push(...conditionalEnd(network, layers, context));
  if (given && !layers.some(({ condition }) => condition))
    throw new UsageError(
      "flowify: no layer takes the condition\nadd one that does, as coupling, conditionalAffine, or linear to fewer numbers",
    );
  const made = { ...flow(layers, baseOf(layers), { embedding: given }), network, options };
  return Object.freeze(
    frozen ? { ...made, parameterKinds: made.chain.facts.frozenParameterKinds ?? "fixed" } : made,
  );
}

/** The line that makes the base conditional. Errors: `DomainError` where numbers end in an interval, as those of a sigmoid do. */
function conditionalEnd(
  { base, inShape }: Network,
  layers: readonly FlowLayer[],
  context: FlowContext,
): FlowLayer[] {
  const last = layers.at(-1);
  const shape = last?.outShape ?? inShape;
  const isFixed = baseOf(layers) ? "ends in an interval, where the base is uniform" : "leaves no numbers";
  if (baseOf(layers) || sizeOf(shape) === 0)
    throw new DomainError(`flowify: base: ${last?.name} ${isFixed}\nleave base or that layer out`);
  const { conditional: _, ...options } = { ...base };
  const line: InnerLayer = { kind: "conditionalAffine", ...options };
  return layersOf([line], shape, context);
}

function contextOf(conversion: Conversion, size?: number): FlowContext {
  const context: FlowContext = {
    ...conversion,
    ...(size !== undefined && { condition: size }),
    plain,
    build: (layers, inShape, condition) =>
      layersOf(layers, inShape, condition === undefined ? context : contextOf(conversion, condition)),
  };
  return context;
}

const conditionExamples = {
  condition: '{ shape: [3] } or { classes: 10 }, with seenBy: ["coupling"] for some kinds of layers alone',
  embedding: '{ kind: "dense", hidden: 64, out: 32 }',
  base: "{ conditional: true, hidden: 64 }",
  outputs: '{ noise: 0.1, layers: [{ kind: "whiten" }, { kind: "coupling" }] }',
} as const;

/** The density of the outputs that are the condition. Errors: `UsageError` for another condition than [m]. */
function outputsOf(
  { condition, outputs }: Network,
  context: FlowContext,
): { flow: Flow; noise: number } | undefined {
  if (!outputs) return undefined;
  if (!condition || "classes" in condition || condition.shape.length !== 1)
    throw new UsageError(
      `flowify: outputs are a condition of numbers in a row, as { shape: [10] }, found ${JSON.stringify(condition)}`,
    );
  const layers = layersOf(outputs.layers, condition.shape, context);
  return { noise: outputs.noise, flow: flow(layers, baseOf(layers)) };
}

/**
 * The flow layers of descriptions in order; errors name the place among them. `seenBy`: the kinds that see the condition, and what the
 * others are made with.
 */
function layersOf(
  descriptions: readonly InnerLayer[],
  inShape: Shape,
  context: FlowContext,
  seenBy?: { kinds: readonly string[]; others: FlowContext },
): FlowLayer[] {
  let shape = inShape;
  return descriptions.map((description, i) => {
    const kind = findKind(description.kind);
    if (!kind)
      throw new UnsupportedOpError(
        description.kind,
        `layer ${i}`,
        `layer ${i}: unknown kind "${description.kind}"; there are ${Object.keys(kinds).join(", ")}`,
      );
    const { kind: name, ...own } = description;
    for (const option of Object.keys(own)) o.expectName(`${name}[${i}]`, Object.keys(kind.options), option);
    try {
      expectRoomFor(shape);
      const isBlind = seenBy && !seenBy.kinds.includes(kind.kind);
      const layer = kind.flow(shape, own, isBlind ? seenBy.others : context);
      shape = layer.outShape;
      return layer;
    } catch (error) {
      if (error instanceof ShapeError || error instanceof DomainError)
        throw new (error instanceof ShapeError ? ShapeError : DomainError)(
          `${name}[${i}]: ${error.message}`,
          { cause: error },
        );
      throw error;
    }
  });
}

/** Numbers that one example may have between two layers: 256 MiB of them. */
const LARGEST_ITEM = 2 ** 26;

/** Layers make tables of the size of an example when they are built: one of a false size must not exhaust the memory. */
function expectRoomFor(shape: Shape): void {
  const size = sizeOf(shape);
  if (size > LARGEST_ITEM)
    throw new ShapeError(
      `x ${showShape(shape)} has ${size} numbers an example, expected at most ${LARGEST_ITEM}`,
    );
}

/** On the interval that the last layer gives numbers in, where it has two ends; else on R. */
function baseOf(layers: readonly FlowLayer[]): Base | undefined {
  const last = layers[layers.length - 1];
  const { image } = last?.facts ?? {};
  return last && image?.every(Number.isFinite) ? uniform(last.outShape, image) : undefined;
}
