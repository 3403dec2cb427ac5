import type { numpy as np } from "@jax-js/jax";
import { tree } from "@jax-js/jax";
import { type ChainLayer, chain, initChain, initExamplesOf } from "../chain.js";
import { type CalibrationData, conditionOf } from "../init/calibration-data.js";
import type { ArrayTree, FlowLayer } from "../layer.js";
import { nth } from "../lists.js";
import { splitKey } from "../math/keys.js";
import type { NoiseTree } from "../noise.js";
import { copyToHost } from "../params/host.js";
import { countOf } from "../shape.js";

/** Initial values of members of a mixture, by their places. */
export type Started = Map<number, ArrayTree[]>;

/** Examples that members start from and are weighed by, the first ones; layers that need more start from more. */
export const FIRST = 5000;
export const examplesFor = (layers: readonly FlowLayer[]): number => Math.max(FIRST, initExamplesOf(layers));

/**
 * Initial values of some members, by their places; of a layer that several begin with, once. They begin at `earlier` ones. Consumes
 * the keys.
 */
export async function startedMembers(
  parts: readonly ChainLayer[],
  places: readonly number[],
  keys: readonly np.Array[],
  examples: CalibrationData,
  earlier: Started = new Map(),
): Promise<Started> {
  const begun = new Map<FlowLayer, { own: ArrayTree; next: CalibrationData }>();
  const members: Started = new Map();
  for (const [m, key] of keys.entries()) {
    if (!places.includes(m)) key.dispose();
    if (!places.includes(m)) continue;
    const [first, ...others] = nth(parts, m).layers as [FlowLayer, ...FlowLayer[]];
    const [ownKey, otherKey] = splitKey(key, 2);
    const found = begun.get(first);
    const behind = parts.filter(({ layers }) => layers[0] === first && layers.length > 1);
    const enough = Math.max(0, ...behind.map(({ layers }) => examplesFor(layers.slice(1))));
    const known = await Promise.all((earlier.get(m) ?? []).map(copyToHost));
    const some = examples.first(examplesFor([first])).about(known.slice(0, 1));
    const { own, next } = found ?? (await startedFirst(first, ownKey, some, enough));
    if (found) ownKey.dispose();
    else begun.set(first, { own, next });
    if (others.length === 0) otherKey.dispose();
    const rest = next.first(examplesFor(others)).about(known.slice(1));
    const ends = others.length > 0 ? await initChain(chain(others), otherKey, rest) : [];
    members.set(m, [found ? tree.ref(own) : own, ...ends]);
  }
  return members;
}

/** Initial values of a layer, and the first examples behind it, where some are enough. Consumes the key. */
async function startedFirst(layer: FlowLayer, key: np.Array, examples: CalibrationData, enough: number) {
  const own = nth(await initChain(chain([layer]), key, examples), 0);
  const behind = (x: np.Array, noise: NoiseTree, given?: np.Array): np.Array => {
    const step = layer.forward(tree.ref(own), x, noise, conditionOf(layer, given, countOf(x)));
    step.contribution.dispose();
    return step.z;
  };
  const next = examples.first(enough).map(layer.outShape, behind, { noise: layer.forwardNoise });
  return { own, next: enough > 0 ? await next.held() : next };
}
