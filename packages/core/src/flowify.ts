import { type Base, uniform } from "./base.js";
import { chain } from "./chain.js";
import type { ConditionalDensityFactory } from "./densities/conditional.js";
import { gaussian } from "./densities/gaussian.js";
import { mixture } from "./densities/mixture.js";
import { mixtureResidual, normalResidual, type ResidualDistribution } from "./densities/residual.js";
import { DomainError, ShapeError, UnsupportedOpError } from "./errors.js";
import { type Flow, flow } from "./flow.js";
import { type FlowLayer, type Shape, showShape, sizeOf } from "./layer.js";
import { actnorm } from "./layers/actnorm.js";
import { affine } from "./layers/affine.js";
import { avgPool2d } from "./layers/avg-pool2d.js";
import { branches } from "./layers/branches.js";
import { conv1d } from "./layers/conv1d.js";
import { type Conv2dOptions, conv2d } from "./layers/conv2d.js";
import { coupling } from "./layers/coupling.js";
import { dequantize } from "./layers/dequantize.js";
import { leakyRelu } from "./layers/leaky-relu.js";
import { type LinearOptions, linear } from "./layers/linear.js";
import { marginal } from "./layers/marginal.js";
import { maxPool2d } from "./layers/max-pool2d.js";
import { monotone } from "./layers/monotone.js";
import { pad } from "./layers/pad.js";
import { permuteChannels } from "./layers/permute-channels.js";
import { prelu } from "./layers/prelu.js";
import { clip, relu } from "./layers/relu.js";
import { flatten, permute, reshape, transpose } from "./layers/reshape.js";
import { rqSpline } from "./layers/rq-spline.js";
import { split } from "./layers/split.js";
import { squeeze, unsqueeze } from "./layers/squeeze.js";
import { variationalDequantize } from "./layers/variational-dequantize.js";
import { whiten } from "./layers/whiten.js";
import type { Network, NetworkLayer } from "./network/network.js";

export type FlowifyOptions = {
  /** How dropped coordinates are modelled: `gaussian` (the paper's), `mixture`, or a model of one's own. Default `mixture`. */
  density?: keyof typeof models | DroppedModel;
  /** How reducing kernels model what they drop. Default `patching` (the paper's). */
  inverse?: Conv2dOptions["inverse"];
  /** How orthogonal matrices are parameters. Default `manifold`. */
  orthogonal?: LinearOptions["orthogonal"];
  /** The distribution of augmentation noise. Default `gaussian`. */
  augmentation?: LinearOptions["augmentation"];
  /**
   * Training leaves the function that deterministic mode computes as it is, bit for bit, and learns the noise and
   * the stochastic inverse alone. Default false.
   */
  frozen?: boolean;
};

/** A model of dropped coordinates: as a density of vectors, and as the distribution of residuals inside reducing kernels. */
export type DroppedModel = Readonly<{ density: ConditionalDensityFactory; residual: ResidualDistribution }>;

const models = {
  gaussian: { density: gaussian, residual: normalResidual },
  mixture: { density: mixture, residual: mixtureResidual(3) },
} as const satisfies { [name: string]: DroppedModel };

/** What a rule gets: the layer's description, the shape that reaches it, and the options. */
type RuleOptions = DroppedModel & Pick<Conv2dOptions, "orthogonal" | "augmentation" | "inverse">;
type Rule<L extends NetworkLayer> = (layer: L, inShape: Shape, options: RuleOptions) => FlowLayer;
type Rules = { readonly [K in NetworkLayer["kind"]]: Rule<Extract<NetworkLayer, { kind: K }>> };

/** One rule a kind of ordinary layer: the flow layer that computes the same function in deterministic mode. */
const rules: Rules = {
  dequantize: (layer, inShape) => dequantize(inShape, layer),
  variationalDequantize: (layer, inShape) => variationalDequantize(inShape, layer),
  flatten: (_layer, inShape) => flatten(inShape),
  reshape: ({ shape }, inShape) => reshape(inShape, shape),
  permute: ({ order }, inShape) => permute(inShape, order),
  transpose: ({ order }, inShape) => transpose(inShape, order),
  pad: (layer, inShape) => pad(inShape, layer),
  permuteChannels: (layer, inShape) => permuteChannels(inShape, layer),
  squeeze: (_layer, inShape) => squeeze(inShape),
  unsqueeze: (_layer, inShape) => unsqueeze(inShape),
  affine: (layer, inShape) => affine(inShape, layer),
  actnorm: (_layer, inShape) => actnorm(inShape),
  split: (layer, inShape, { density }) => split(inShape, { ...layer, density }),
  whiten: (layer, inShape) => whiten(inShape, layer),
  marginal: (layer, inShape) => marginal(inShape, layer),
  linear: ({ out, weights }, inShape, options) => {
    const n = inShape[inShape.length - 1];
    if (n === undefined) throw new ShapeError(`linear: needs an axis to act on, got ${showShape(inShape)}`);
    const { density, orthogonal, augmentation } = options;
    return linear(n, out, {
      density,
      ...(orthogonal && { orthogonal }),
      ...(augmentation && { augmentation }),
      leading: inShape.slice(0, -1),
      ...(weights && { weights }),
    });
  },
  conv2d: ({ out, ...sizes }, inShape, options) => conv2d(inShape, out, { ...sizes, ...options }),
  conv1d: ({ out, ...sizes }, inShape, options) => conv1d(inShape, out, { ...sizes, ...options }),
  maxPool2d: (layer, inShape) => maxPool2d(inShape, layer),
  avgPool2d: (layer, inShape, { density }) => avgPool2d(inShape, { ...layer, density }),
  branches: ({ branches: chains, join, axis }, inShape, options) => {
    const parts = chains.map((layers) =>
      layers.length > 0 ? chain(layersOf(layers, inShape, options)) : reshape(inShape, inShape),
    );
    return branches(parts, { join, density: options.density, ...(axis !== undefined && { axis }) });
  },
  coupling: ({ stack, ...options }, inShape) => coupling(inShape, stack, options),
  relu: (_layer, inShape) => relu(inShape),
  clip: (layer, inShape) => clip(inShape, layer),
  leakyRelu: (layer, inShape) => leakyRelu(inShape, layer),
  prelu: (layer, inShape) => prelu(inShape, layer),
  sigmoid: (_layer, inShape) => monotone(inShape, "sigmoid"),
  tanh: (_layer, inShape) => monotone(inShape, "tanh"),
  softplus: (_layer, inShape) => monotone(inShape, "softplus"),
  softsign: (_layer, inShape) => monotone(inShape, "softsign"),
  elu: (layer, inShape) => monotone(inShape, "elu", layer),
  celu: (layer, inShape) => monotone(inShape, "celu", layer),
  selu: (_layer, inShape) => monotone(inShape, "selu"),
  rqSpline: (layer, inShape) => rqSpline(inShape, layer),
};

/** A flow with what it was made from: so it can be written to a file, and made again. */
export type NetworkFlow = Flow & Readonly<{ network: Network; options: FlowifyOptions }>;

/**
 * Turns an ordinary network into a flow: each layer into the flow layer that computes the same
 * function in deterministic mode and has a stochastic inverse; given weights are kept.
 *
 * Errors: `ShapeError` that names the layer where sizes do not fit, `DomainError` where its numbers have no
 * flow, `UnsupportedOpError` for a kind without a rule; all when the flow is built, before any data is read.
 */
export function flowify(network: Network, options: FlowifyOptions = {}): NetworkFlow {
  const { density = "mixture", orthogonal, augmentation, inverse, frozen = false } = options;
  const ruleOptions: RuleOptions = {
    ...(typeof density === "string" ? models[density] : density),
    ...(inverse && { inverse }),
    ...(orthogonal && { orthogonal }),
    ...(augmentation && { augmentation }),
  };
  const layers = layersOf(network.layers, network.inShape, ruleOptions);
  const made = { ...flow(layers, baseOf(layers)), network, options };
  return Object.freeze(
    frozen ? { ...made, parameterKinds: made.chain.frozenParameterKinds ?? "fixed" } : made,
  );
}

/** The flow layers of descriptions in order; errors name the place among them. */
function layersOf(descriptions: readonly NetworkLayer[], inShape: Shape, options: RuleOptions): FlowLayer[] {
  let shape = inShape;
  return descriptions.map((description, i) => {
    const rule = (rules as { [kind: string]: Rule<NetworkLayer> | undefined })[description.kind];
    if (!rule || !Object.hasOwn(rules, description.kind))
      throw new UnsupportedOpError(
        description.kind,
        `layer ${i}`,
        `layer ${i}: there is no rule for "${description.kind}"; there are rules for ${Object.keys(rules).join(", ")}`,
      );
    try {
      expectRoomFor(shape);
      const layer = rule(description, shape, options);
      shape = layer.outShape;
      return layer;
    } catch (error) {
      if (error instanceof ShapeError || error instanceof DomainError)
        throw new (error instanceof ShapeError ? ShapeError : DomainError)(
          `${description.kind}[${i}]: ${error.message}`,
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
  return last?.image?.every(Number.isFinite) ? uniform(last.outShape, last.image) : undefined;
}
