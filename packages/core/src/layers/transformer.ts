import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { leading } from "../lists.js";
import { softBound, sumExamples } from "../math/numerics.js";
import { causalTransformer, type TransformerParams } from "../nn/transformer.js";
import * as o from "../options.js";
import { invertOrder } from "../rearrangement.js";
import { countOf, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import { reshape, reverse, transpose } from "./reshape.js";

const schemas = {
  /** Number of blocks, every second of which goes through the patches from last to first. */
  stack: o.integer(1, 1000),
  /** Side of the patches of an image, or numbers in a patch of a vector. Default 4, and 1 for vectors. */
  patch: o.optional(o.size),
  /** Width of the transformers. Default 128. */
  hidden: o.optional(o.size),
  /** Layers in the transformer of each block. Default 2. */
  depth: o.optional(o.size),
  /** Heads of the attention. Default 4. */
  heads: o.optional(o.size),
  /** Soft bound of the log-scales, nats. Default 5. */
  limit: o.optional(o.positive),
};
export type TransformerOptions = Omit<o.Options<typeof schemas>, "stack"> & {
  /** Numbers of a condition that the transformers see beside the patches. Default none. */
  condition?: number;
};

type BlockOptions = Required<Omit<TransformerOptions, "patch">>;

/** One block on T patches of d numbers: each goes through an affine map that those before it decide on. */
function block(
  inShape: Shape,
  { limit, condition, hidden, ...sizes }: BlockOptions,
): FlowLayer<TransformerParams> {
  const name = "autoregressiveBlock";
  const [tokens = 0, numbers = 0] = inShape;
  const network = causalTransformer({
    ...sizes,
    tokens,
    from: numbers,
    to: 2 * numbers,
    width: hidden,
    condition,
  });
  /** μ and α, [B, S, d] each, from what a transformer returns. Consumes it. */
  const line = (results: np.Array): { mean: np.Array; logScale: np.Array } => {
    const [mean, raw] = leading(np.split(results, 2, 2), 2);
    return { mean, logScale: softBound(raw, limit) };
  };
  return defineLayer<TransformerParams>({
    name,
    inShape,
    ...(condition > 0 && { condition: [condition] }),
    facts: { atInit: "identity" },
    init: (key) => network.init(key),
    forward(params, x, _noise, given) {
      const { mean, logScale } = line(network.apply(params, x.ref, given));
      return { z: x.sub(mean).mul(np.exp(logScale.ref.neg())), contribution: sumExamples(logScale).neg() };
    },
    inverse(params, z, _noise, given) {
      const first = np.zeros([countOf(z), 1, numbers], { dtype: z.dtype });
      const x = network.unroll(params, first, given, (i, results) => {
        const { mean, logScale } = line(results);
        return z.ref
          .slice([], [i, i + 1])
          .mul(np.exp(logScale))
          .add(mean);
      });
      z.dispose();
      return x;
    },
  });
}

/** [B, …inShape] ↦ [B, T, d], the patches of an image row by row or of a vector one after another, and back. */
function patches(inShape: Shape, patch: number): [there: FlowLayer[], back: FlowLayer[], shape: Shape] {
  if (inShape.length !== 1 && inShape.length !== 3)
    throw new ShapeError(`transformer: needs vectors [n] or images [C, H, W], got ${showShape(inShape)}`);
  const [channels = 0, ...space] = inShape.length === 3 ? inShape : [1, ...inShape];
  expectSizes("transformer", { channels, patch });
  if (space.some((side) => side % patch !== 0))
    throw new ShapeError(
      `transformer: patches of ${patch} must divide ${space.join(" × ")}; pad the image, or choose another patch`,
    );
  const counts = space.map((side) => side / patch);
  const shape = [sizeOf(counts), channels * patch ** space.length];
  if (sizeOf(counts) < 2)
    throw new ShapeError(`transformer: needs two patches at least, got one of ${showShape(inShape)}`);
  const order = [...counts.map((_, i) => 1 + 2 * i), 0, ...counts.map((_, i) => 2 + 2 * i)];
  const cut = [channels, ...counts.flatMap((count) => [count, patch])]; // [C, h, p, w, p]
  const sorted = [...counts, channels, ...counts.map(() => patch)]; // [h, w, C, p, p]
  return [
    [reshape(inShape, cut), transpose(cut, order), reshape(sorted, shape)],
    [
      reshape(shape, sorted),
      transpose(sorted, invertOrder("transformer", order, order.length)),
      reshape(cut, inShape),
    ],
    shape,
  ];
}

/**
 * `stack` blocks over patches x_1 … x_T, each of which sees the patches before it:
 *
 *     z_t = (x_t − μ(x_1 … x_t−1)) e^−α(x_1 … x_t−1),   L = −Σ α
 *
 * with μ and α, for every number of a patch, from a causal transformer. Every second block goes through the patches from
 * last to first. Exact; it starts as the identity. Images [C, H, W] are cut into patches × patch, vectors [n] into
 * patches of so many numbers.
 *
 * `forward` is one pass of all patches. `inverse` goes patch by patch, keeps keys and values, and takes as many operations.
 *
 * Errors: `ShapeError` where patches do not divide the sides, where there is one patch alone, and where heads do not divide `hidden`.
 * Source: Zhai et al. 2024 (arXiv:2412.06329), TarFlow.
 *
 * @example
 * ```ts
 * import { transformer } from "@flowify/core/layers";
 *
 * const layer = transformer([1, 8, 8], 2, { patch: 4, hidden: 16 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 1, 8, 8 ] [ 1, 8, 8 ] true
 * ```
 */
export function transformer(inShape: Shape, stack: number, options: TransformerOptions = {}): ChainLayer {
  o.checked("transformer", inShape, { stack, ...options }, schemas, "condition");
  const { patch = inShape.length === 1 ? 1 : 4 } = options;
  const { hidden = 128, depth = 2, heads = 4, limit = 5, condition = 0 } = options;
  if (hidden % heads !== 0)
    throw new ShapeError(`transformer: hidden must be a multiple of its ${heads} heads, got ${hidden}`);
  const [there, back, shape] = patches(inShape, patch);
  const blocks = Array.from({ length: stack }, (_, i) => [
    block(shape, { hidden, depth, heads, limit, condition }),
    ...(i < stack - 1 || stack % 2 === 0 ? [reverse(shape)] : []), // at the end all patches are at their places
  ]);
  return chain([...there, ...blocks.flat(), ...back], "transformer");
}

export const transformerKind = defineKind({
  kind: "transformer",
  options: schemas,
  flow: (inShape, { stack, ...own }, { condition = 0 }) => transformer(inShape, stack, { ...own, condition }),
});
