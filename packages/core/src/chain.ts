import { numpy as np, random, tree } from "@jax-js/jax";
import { ShapeError } from "./errors.js";
import {
  type ArrayTree,
  defineLayer,
  type FlowLayer,
  type ManifoldSpec,
  sameShape,
  showShape,
} from "./layer.js";
import { fromHost } from "./math/host.js";
import { splitKey } from "./math/keys.js";
import { makeRng, type Rng } from "./math/rng.js";
import { drawNoise, mapTreeOfNoise, type NoiseSpec, type NoiseTree } from "./noise.js";

/** A layer made of layers: its parameters and noises are arrays with one entry a part. */
export type ChainLayer = FlowLayer<ArrayTree[]> & Readonly<{ layers: readonly FlowLayer[] }>;

/** How messages and the ledger name the i-th part: `linear[2]`. */
export const layerLabel = (layers: readonly FlowLayer[], i: number): string => `${layers[i]?.name}[${i}]`;

/**
 * Composition: `chain([a, b, c])` applies `a` first; L is the sum of the parts'.
 *
 * Exact where every part is. Errors: `ShapeError` naming both neighbours where sizes do not fit.
 */
export function chain(parts: readonly FlowLayer[], name = "chain"): ChainLayer {
  const layers = parts.flatMap((part) => (isChain(part) && part.name === "chain" ? part.layers : [part]));
  const first = layers[0];
  const last = layers[layers.length - 1];
  if (!first || !last) throw new ShapeError(`${name}: a chain needs at least one layer`);
  layers.forEach((layer, i) => {
    const next = layers[i + 1];
    if (next && !sameShape(layer.outShape, next.inShape))
      throw new ShapeError(
        `${layerLabel(layers, i + 1)}: expects ${showShape(next.inShape)}, but ${layerLabel(layers, i)} gives ${showShape(layer.outShape)}`,
      );
  });
  const layer = defineLayer<ArrayTree[]>({
    name,
    inShape: first.inShape,
    outShape: last.outShape,
    exact: layers.every((l) => l.exact),
    forwardNoise: layers.map((l) => l.forwardNoise) as NoiseSpec,
    inverseNoise: layers.map((l) => l.inverseNoise) as NoiseSpec,
    manifolds: layers.map((l) => l.manifolds) as ManifoldSpec,
    ...(first.levels !== undefined && { levels: first.levels }),
    init(key) {
      const keys = splitKey(key, layers.length);
      return layers.map((l, i) => l.init(keys[i] as np.Array));
    },
    forward(params, x, noise) {
      let z = x;
      let total: np.Array | undefined;
      layers.forEach((l, i) => {
        const step = l.forward(params[i] as ArrayTree, z, (noise as NoiseTree[])[i] as NoiseTree);
        z = step.z;
        total = total ? total.add(step.contribution) : step.contribution;
      });
      return { z, contribution: total as np.Array };
    },
    inverse(params, z, noise) {
      let x = z;
      for (let i = layers.length - 1; i >= 0; i--)
        x = (layers[i] as FlowLayer).inverse(
          params[i] as ArrayTree,
          x,
          (noise as NoiseTree[])[i] as NoiseTree,
        );
      return x;
    },
    async start(key, x) {
      const { params, z } = await startLayers(layers, key, x);
      z.dispose();
      return params;
    },
  });
  return Object.freeze({ ...layer, layers });
}

/**
 * Layer by layer: each starts from what the layers before it, already started, give; chains within
 * are opened, so that nothing is computed twice. Returns what comes out at the end as well.
 */
async function startLayers(
  layers: readonly FlowLayer[],
  key: np.Array,
  x: np.Array,
): Promise<{ params: ArrayTree[]; z: np.Array }> {
  const keys = splitKey(key, 2 * layers.length);
  const params: ArrayTree[] = [];
  let z = x;
  for (const [i, l] of layers.entries()) {
    const [startKey, noiseKey] = [keys[2 * i] as np.Array, keys[2 * i + 1] as np.Array];
    if (isChain(l)) {
      noiseKey.dispose();
      const inner = await startLayers(l.layers, startKey, z);
      params.push(inner.params);
      z = inner.z;
      continue;
    }
    const own = l.start ? await l.start(startKey, z.ref) : l.init(startKey);
    const seed = random.bits(noiseKey).item();
    if (!l.startsAsIdentity) z = await forwardInParts(l, own, z, makeRng(seed));
    params.push(own);
  }
  return { params, z };
}

/** Rows that a start sends through a layer at once: what a layer computes on the way is far larger than z. */
const ROWS_AT_ONCE = 512;

/** z of many items with drawn noise, some rows at a time; consumes x, borrows the parameters. */
async function forwardInParts(layer: FlowLayer, params: ArrayTree, x: np.Array, rng: Rng): Promise<np.Array> {
  const count = x.shape[0] as number;
  const parts: np.Array[] = [];
  for (let begin = 0; begin < count; begin += ROWS_AT_ONCE) {
    const end = Math.min(begin + ROWS_AT_ONCE, count);
    const noise = mapTreeOfNoise(drawNoise(layer.forwardNoise, end - begin, rng), (a) => fromHost(a));
    const { z, contribution } = layer.forward(tree.ref(params), x.ref.slice([begin, end]), noise);
    contribution.dispose();
    // jax-js computes late: what is pending would hold every part's memory
    parts.push(await z.blockUntilReady());
  }
  x.dispose();
  return parts.length === 1 ? (parts[0] as np.Array) : np.concatenate(parts, 0);
}

export function isChain(layer: FlowLayer): layer is ChainLayer {
  return Array.isArray((layer as Partial<ChainLayer>).layers);
}
