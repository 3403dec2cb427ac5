/** From a file's layer kind and parameter names to ours: one entry a kind. */
import {
  chain,
  dequantize,
  type FlowLayer,
  flatten,
  gaussian,
  leakyRelu,
  linear,
  rqSpline,
  type Shape,
} from "@flowify/core";
import { asLayerSpec, CaseError, type LayerSpec, Tensor, type Tensors } from "./case.js";
import { conv2dBuilder, couplingBuilder, padBuilder, tileBuilder } from "./image-builders.js";

/** A tree of tensors: parameters or noises in our own form. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [name: string]: TensorTree };

/** A layer of a file, and how its numbers map to ours. */
export type Built = Readonly<{
  type: string;
  layer: FlowLayer;
  params: TensorTree;
  /** Our noises from the file's, for one direction; left out: the layer needs none. */
  forwardNoise?(noise: Names): TensorTree;
  inverseNoise?(noise: Names): TensorTree;
  /** Where the file measures x in other units than our layer: what to multiply it by. */
  inputScale?: number;
  /** Layers made of layers: what `parts` names. */
  pieces?: readonly Built[];
}>;

/** Tensors under a prefix, which knows what was never asked for. */
export class Names {
  private readonly unused: Set<string>;
  constructor(
    private readonly tensors: Tensors,
    private readonly prefix = "",
    unused?: Set<string>,
  ) {
    this.unused = unused ?? new Set(Object.keys(tensors));
  }
  has(name: string): boolean {
    return Object.hasOwn(this.tensors, this.prefix + name);
  }
  take(name: string): Tensor {
    const found = this.has(name) ? this.tensors[this.prefix + name] : undefined;
    if (!found) throw new CaseError(`"${this.prefix}${name}" is missing`);
    this.unused.delete(this.prefix + name);
    return found;
  }
  /** The same numbers in one axis: the reference keeps a leading 1. */
  flat(name: string): Tensor {
    const { data } = this.take(name);
    return new Tensor([data.length], data);
  }
  below(prefix: string): Names {
    return new Names(this.tensors, `${this.prefix}${prefix}.`, this.unused);
  }
  expectAllUsed(what: string): void {
    for (const name of this.unused) throw new CaseError(`${what} "${name}" belongs to nothing that is built`);
  }
}

export type Builder = (spec: LayerSpec, inShape: Shape, names: Names) => Built;

export function size(spec: LayerSpec, field: string, fallback?: number): number {
  const value = spec[field] ?? fallback;
  if (typeof value !== "number") throw new CaseError(`${spec.type}: "${field}" is missing`);
  return value;
}

/** Layers of a torch network, dense or convolutional: `P.0.weight`, `P.0.bias`, `P.2.weight`, … */
export function torchLayers(names: Names): TensorTree[] {
  const layers: TensorTree[] = [];
  for (let i = 0; names.has(`${i}.weight`); i += 2)
    layers.push({ weight: names.take(`${i}.weight`), bias: names.take(`${i}.bias`) });
  return layers;
}

export const zeros = (n: number): Tensor => new Tensor([n], new Array<number>(n).fill(0));

export const linearBuilder: Builder = (spec, inShape, names) => {
  const [n, m] = [size(spec, "in"), size(spec, "out")];
  const dropped: TensorTree =
    n > m
      ? { network: torchLayers(names.below("funnel.X1_inv.p")), center: zeros(n - m), logUnit: zeros(n - m) }
      : {};
  return {
    type: "linear",
    layer: linear(n, m, {
      leading: inShape.slice(0, -1),
      orthogonal: "expm",
      appended: "uniform",
      density: (d, context) => gaussian(d, context, { limit: Number.POSITIVE_INFINITY }),
    }),
    params: {
      rotateIn: names.take("U1.a_mat"),
      rotateOut: names.take("U2.a_mat"),
      logScale: names.flat("funnel.logW"),
      bias: names.flat("b"),
      dropped,
    },
    ...(n < m && {
      forwardNoise: (noise: Names) => {
        const { shape, data } = noise.take("pad"); // on (−½, ½); ours on [0, 1)
        return {
          appended: new Tensor(
            shape,
            data.map((u) => u + 0.5),
          ),
        };
      },
    }),
    ...(n > m && { inverseNoise: (noise: Names) => ({ normal: noise.take("dropped") }) }),
  };
};

const flowBuilder: Builder = (spec, inShape, names) => {
  if (!Array.isArray(spec.layers) || spec.layers.length === 0)
    throw new CaseError("flow: there are no layers");
  if (spec.base !== undefined && spec.base !== "standardNormal")
    throw new CaseError(`flow: there is no base ${JSON.stringify(spec.base)}`);
  let shape = inShape;
  const pieces = spec.layers.map((child: unknown, i) => {
    const built = build(asLayerSpec(child, `layer.layers[${i}]`), shape, names.below(`${i}`));
    shape = built.layer.outShape;
    return built;
  });
  return compose("flow", pieces);
};

/** A layer made of layers: the noises of the i-th are named `i.name`. */
function compose(type: string, pieces: readonly Built[]): Built {
  const inputScale = pieces[0]?.inputScale;
  return {
    type,
    layer: chain(pieces.map((piece) => piece.layer)),
    params: pieces.map((piece) => piece.params),
    forwardNoise: (noise) => pieces.map((piece, i) => piece.forwardNoise?.(noise.below(`${i}`)) ?? {}),
    inverseNoise: (noise) => pieces.map((piece, i) => piece.inverseNoise?.(noise.below(`${i}`)) ?? {}),
    ...(inputScale !== undefined && { inputScale }),
    pieces,
  };
}

const builders: { readonly [type: string]: Builder } = {
  linear: linearBuilder,
  leakyRelu: (spec, inShape) => ({
    type: "leakyRelu",
    layer: leakyRelu(inShape, { slope: size(spec, "slope") }),
    params: {},
  }),
  rqSpline: (spec, inShape, names) => ({
    type: "rqSpline",
    layer: rqSpline(inShape, { bins: size(spec, "bins"), bound: size(spec, "tailBound") }),
    params: {
      widths: names.flat("unnormalized_widths"),
      heights: names.flat("unnormalized_heights"),
      derivatives: names.flat("unnormalized_derivatives"),
    },
  }),
  flatten: (_spec, inShape) => ({ type: "flatten", layer: flatten(inShape), params: {} }),
  dequantize: (spec, inShape) => {
    const levels = size(spec, "levels", 256);
    // the reference's network sees x + u / levels, ours (x + u) / levels
    return {
      type: "dequantize",
      layer: dequantize(inShape, { levels }),
      params: {},
      forwardNoise: (noise) => ({ u: noise.take("dequantize") }),
      inputScale: levels,
    };
  },
  pad: padBuilder,
  tile: tileBuilder,
  conv2d: conv2dBuilder,
  coupling: couplingBuilder,
  convCoupling: couplingBuilder,
  flow: flowBuilder,
};

/** Throws `CaseError` for a kind without an entry, and where parameters are missing. */
export function build(spec: LayerSpec, inShape: Shape, names: Names): Built {
  const builder = Object.hasOwn(builders, spec.type) ? builders[spec.type] : undefined;
  if (builder) return builder(spec, inShape, names);
  throw new CaseError(`unknown layer type "${spec.type}"`);
}
