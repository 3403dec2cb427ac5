import type { Flow } from "@flowify/core";
import { parameterList, type Shape, sizeOf } from "@flowify/core/layer";
import type { ImageSet } from "../data/image-set.js";
import { type AutoSize, autoNetwork, autoSchedule, MANY } from "./auto.js";
import { flowOf } from "./choose.js";
import type { ChosenNetwork } from "./weights.js";

/** Seconds that the steps of a first look may take. */
const SECONDS = 120;

/** Operations of a step for each weight and place: one forward and two backward, a product and a sum each. */
const OPERATIONS = 6;

/** A step in the time of its products alone: 1.8 to 2.7 for the networks of MNIST (docs/results/speed.md). */
const OVER_FLOOR = 2.5;

const placesOf = (shape: Shape): number => sizeOf(shape.slice(1));

/** Products of a number and a weight, for one image: a weight of a convolution meets every place. */
export function productsOf(flow: Flow): number {
  const { layers } = flow.chain;
  return parameterList(flow).reduce((sum, { path, shape }) => {
    const layer = layers[Number.parseInt(path, 10)];
    const isWeight = shape.length >= 2 && /weight|rotate/.test(path);
    if (!layer || !isWeight) return sum;
    const places = Math.min(placesOf(layer.inShape), placesOf(layer.outShape));
    return sum + places * sizeOf(shape);
  }, 0);
}

/** From the best to the fastest: small batches before smaller networks, because few images have few batches anyway. */
const choices: readonly Readonly<{ size: AutoSize; batch: number }>[] = [
  { size: "large", batch: 64 },
  { size: "large", batch: 16 },
  { size: "medium", batch: 16 },
  { size: "small", batch: 16 },
];

/**
 * The network and the batch of the best first look that a machine of so many operations a second has time for, else the
 * fastest. Many images are worth a longer training: theirs is the largest network.
 */
export function autoForTime(
  set: ImageSet,
  operationsPerSecond: number,
): Readonly<{ network: ChosenNetwork; batch: number }> {
  const { batchSize: most, steps } = autoSchedule(set);
  if (set.count >= MANY) return { network: autoNetwork(set), batch: most };
  const sized = choices.map(({ size, batch }) => ({
    network: autoNetwork(set, size),
    batch: Math.min(batch, most),
  }));
  const seconds = ({ network, batch }: (typeof sized)[number]): number => {
    const products = productsOf(flowOf(network, { density: "mixture" }));
    return (steps * batch * products * OPERATIONS * OVER_FLOOR) / operationsPerSecond;
  };
  return sized.find((each) => seconds(each) <= SECONDS) ?? (sized.at(-1) as (typeof sized)[number]);
}
