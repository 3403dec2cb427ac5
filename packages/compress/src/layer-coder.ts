import { UnsupportedOpError } from "@flowify/core";
import { type ArrayTree, type ChainLayer, type FlowLayer, floats, sizeOf } from "@flowify/core/layer";
import { numpy as np, tree } from "@jax-js/jax";
import { stretched } from "./curve.js";
import { appending, normalNumbers } from "./drop.js";
import { type GridCoder, inOrder, moved, shifted } from "./grid.js";
import { numbers } from "./grid-network.js";
import { droppingJointly } from "./joint-normals.js";
import { dequantized } from "./levels.js";
import { rotated } from "./rotate.js";
import { coderOfSteps } from "./steps.js";
import { gapsOf, tileCoder } from "./tile.js";

type Params = { readonly [name: string]: np.Array };

const exp = (log: np.Array): Promise<Float64Array> => numbers(np.exp(log));

/** 1, 2, 3, … in the shape of one example: where they are found again is where a layer moves the entries. */
const counted = (shape: readonly number[]): np.Array =>
  floats(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
    [1, ...shape],
  );

/** Coders of kinds whose parameters say all; they consume them. */
const kinds: {
  readonly [name: string]: (layer: FlowLayer, params: Params) => Promise<GridCoder | undefined>;
} = {
  dequantize: async ({ facts: { levels } }) => dequantized(levels as number),
  async actnorm({ inShape: [, ...space] }, { shift, logScale }) {
    const each = (values: Float64Array): Float64Array =>
      Float64Array.from(
        { length: values.length * sizeOf(space) },
        (_, i) => values[Math.floor(i / sizeOf(space))]!,
      );
    return inOrder([shifted(each(await numbers(shift!))), stretched(each(await exp(logScale!)))]);
  },
  async whiten(_, { mean, rotation, logStd, logScale }) {
    const centre = shifted((await numbers(mean!)).map((v) => -v));
    const units = logScale ? [stretched(await exp(logScale.neg()))] : [];
    const [n = 0] = logStd!.shape;
    return inOrder([
      centre,
      ...units,
      rotated(await numbers(rotation!), n),
      stretched(await exp(logStd!.neg())),
    ]);
  },
  async gaussianMixture({ inShape, outShape }, { logits, means, logPrecision, lower, weights }) {
    if (weights)
      throw new UnsupportedOpError(
        "gaussianMixture",
        "gaussianMixture",
        "gaussianMixture: weights with a condition cannot be coded without loss",
      );
    const normals = {
      stds: await exp(logPrecision!.ref.neg()),
      logits: await numbers(logits!),
      means: await numbers(means!),
      logPrecisions: await numbers(logPrecision!),
      lower: await numbers(lower!),
    };
    return droppingJointly(normals, sizeOf(inShape), sizeOf(outShape));
  },
  async pad(layer, { logA }) {
    const kept = await numbers(layer.inverse({ logA: logA!.ref }, counted(layer.outShape), {}));
    const from = new Array<number>(sizeOf(layer.outShape)).fill(-1);
    for (const [i, place] of kept.entries()) from[place - 1] = i;
    const [a = 1] = await exp(logA!);
    return appending(from, normalNumbers(a));
  },
  async tile(layer, params) {
    const noise = Object.fromEntries(
      Object.entries(layer.forwardNoise as { [name: string]: { shape: readonly number[] } }).map(
        ([name, { shape }]) => [name, np.zeros([1, ...shape])],
      ),
    );
    const { z, contribution } = layer.forward(tree.ref(params) as ArrayTree, counted(layer.inShape), noise);
    contribution.dispose();
    const pixels = (await numbers(z)).map((place) => place - 1);
    const [a = 1] = params.logA ? await exp(params.logA.ref) : [];
    const isOpen = "gaps" in params;
    // entries beyond the image hold 0
    const coder = pixels.includes(-1)
      ? undefined
      : tileCoder({
          pixels,
          count: sizeOf(layer.inShape),
          a,
          ...(isOpen && { gaps: gapsOf(layer, tree.ref(params), pixels) }),
        });
    tree.dispose(params);
    return coder;
  },
};

const isChain = (layer: FlowLayer): layer is ChainLayer => "layers" in layer;

/**
 * The coder of a layer: of its parts, its steps, by its kind, or as the permutation that it is. Consumes the parameters.
 *
 * @throws UnsupportedOpError that names a layer without one
 */
export async function layerCoder(
  layer: FlowLayer,
  params: ArrayTree,
  label = layer.name,
): Promise<GridCoder> {
  if (isChain(layer)) {
    const made: GridCoder[] = [];
    for (const [i, part] of layer.layers.entries())
      made.push(await layerCoder(part, (params as ArrayTree[])[i]!, `${part.name}[${i}]`));
    return inOrder(made);
  }
  if (layer.facts.steps) return coderOfSteps(layer.facts.steps(params));
  const coder = await (kinds[layer.name]?.(layer, params as Params) ?? permutationOf(layer, params));
  if (coder) return coder;
  throw new UnsupportedOpError(
    layer.name,
    label,
    `${label}: cannot be coded without loss\ntrain a network without ${layer.name} layers`,
  );
}

/** A layer that only moves entries; undefined for others. */
async function permutationOf(layer: FlowLayer, params: ArrayTree): Promise<GridCoder | undefined> {
  if (!layer.facts.permutes) return undefined;
  const { z, contribution } = layer.forward(params, counted(layer.inShape), {});
  contribution.dispose();
  return moved((await numbers(z)).map((place) => place - 1));
}
