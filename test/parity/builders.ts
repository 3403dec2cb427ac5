/** From a file's layer kind and parameter names to ours: one entry a kind. */
import { chain } from "@flowify/core";
import type { Shape } from "@flowify/core/layer";
import { dequantize, flatten, leakyRelu, rqSpline } from "@flowify/core/layers";
import { asLayerSpec, CaseError, type LayerSpec } from "./case.js";
import { conv2dBuilder, couplingBuilder, padBuilder, tileBuilder } from "./image-builders.js";
import { linearBuilder } from "./linear-builder.js";
import { type Builder, type Built, type Names, size } from "./names.js";

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
