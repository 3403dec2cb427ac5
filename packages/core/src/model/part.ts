import type { JsTree } from "@jax-js/jax";
import { type ExamplesIn, readExamples } from "../examples.js";
import { type Flow, flow } from "../flow.js";
import type { HostArray } from "../params/host-array.js";
import { sizeOf } from "../shape.js";
import type { GivenOptions } from "./options.js";

type Part = Readonly<{ flow: Flow; params: JsTree<HostArray> }>;

/** The layers [from, to) of a flow as a flow, and their part of its parameters: with those of the embedding of a condition. */
export function partOf(
  { chain: { layers, embedding } }: Flow,
  params: JsTree<HostArray>,
  [from, to]: readonly [number, number],
): Part {
  const all = params as readonly JsTree<HostArray>[];
  return {
    flow: flow(layers.slice(from, to), undefined, { embedding }),
    params: [...all.slice(from, to), ...all.slice(layers.length)],
  };
}

/** How many layers are in front of a mixture of normals that ends a flow; 0 where none does. */
export const layersBeforeMixture = ({ chain: { layers } }: Flow): number =>
  layers.at(-1)?.name === "gaussianMixture" ? layers.length - 1 : 0;

/** What reconstructs: a model, or the model of a part. */
type Coder = Readonly<{
  flow: Flow;
  encode(examples: ExamplesIn, options: GivenOptions): Promise<Float32Array>;
  decode(latents: ExamplesIn, options: GivenOptions): Promise<Float32Array>;
  sampleFlat(n: number, options: GivenOptions): Promise<Float32Array>;
}>;

/** decode(encode(x)) by all layers of a model. Samples where there is no latent. Without a condition where the model takes none. */
export async function reconstruct(
  model: Coder,
  examples: ExamplesIn,
  { condition, ...options }: GivenOptions,
): Promise<Float32Array> {
  const { condition: takes, latentShape, inShape } = model.flow;
  const given = { ...options, ...(takes && condition !== undefined && { condition }) };
  if (sizeOf(latentShape) === 0)
    return model.sampleFlat(readExamples(examples, { shape: inShape }).count, given);
  return model.decode(await model.encode(examples, { ...given, mode: "deterministic" }), given);
}
