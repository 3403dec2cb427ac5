import type { NetworkLayer } from "./network/network.js";

/** Numbers of an image that the mixture at its end sees: more than the kinds of things differ by. */
const KEPT = 64;

/** Width of the networks of couplings of all numbers (docs/results/levers.md). */
const HIDDEN = 128;

/**
 * The end of a network of images, behind convolutions that leave `size` numbers in all. Convolutions see what is near;
 * `couplings` pairs of spline couplings, each in a random order, fit the parts of an image together. The 64 directions
 * that vary most have a joint density, because images are of several kinds, as digits are. `hidden`: the sizes of the network
 * that models the others. `kept`: the number of those directions.
 */
export const imageEnd = (
  size: number,
  couplings: number,
  hidden?: readonly number[],
  kept = KEPT,
): readonly NetworkLayer[] => [
  { kind: "flatten" },
  ...Array.from({ length: couplings }, (_, i): NetworkLayer[] => [
    { kind: "permuteChannels", seed: i + 1 },
    { kind: "coupling", stack: 2, hidden: HIDDEN },
  ]).flat(),
  ...(size > kept ? [{ kind: "linear", out: kept, ...(hidden && { hidden }) } as const] : []),
  { kind: "gaussianMixture", components: 16 },
];
