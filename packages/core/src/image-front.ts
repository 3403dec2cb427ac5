import type { NetworkLayer } from "./network/network.js";

/**
 * The places of a 2 × 2 block, `2 · row + column`, in orders that split it between the first two and the last two: into
 * rows, a checkerboard, columns.
 */
const BLOCK_ORDERS = [
  [0, 1, 2, 3],
  [0, 3, 1, 2],
  [0, 2, 1, 3],
] as const;

/**
 * Couplings of squeezed images, two for each of the splits (numbers of `BLOCK_ORDERS`): that every place is conditioned
 * on all of its neighbours is worth more than twice as many couplings of rows (docs/results/levers.md).
 */
function couplingsOfBlocks(channels: number, splits: readonly number[]): NetworkLayer[] {
  const inOrder = Array.from({ length: 4 * channels }, (_, i) => i);
  const layers: NetworkLayer[] = [];
  let now = inOrder;
  const arrange = (wanted: number[]): void => {
    const order = wanted.map((channel) => now.indexOf(channel));
    if (order.some((from, to) => from !== to)) layers.push({ kind: "permuteChannels", order });
    now = wanted;
  };
  for (const split of splits) {
    const places = BLOCK_ORDERS[split] as readonly number[];
    arrange(places.flatMap((place) => Array.from({ length: channels }, (_, c) => 4 * c + place)));
    layers.push({ kind: "coupling", stack: 2 });
    now = now.toReversed(); // as a stack of two leaves them
  }
  arrange(inOrder);
  return layers;
}

/**
 * The layers in front of a network of images, in place of its dequantization: learned dequantization, and a spline for
 * each pixel. Convolutions mix pixels at once, so couplings at half the resolution come before them, in the order of
 * `splits`: 0 splits blocks into rows, 1 into a checkerboard, 2 into columns; sides must be even unless it is empty. The
 * figures behind the choice are in docs/design/marginal.md.
 */
export const imageFront = (channels: number, splits: readonly number[]): readonly NetworkLayer[] => [
  { kind: "variationalDequantize", hidden: 16 },
  { kind: "marginal" },
  ...(splits.length > 0
    ? [{ kind: "squeeze" } as const, ...couplingsOfBlocks(channels, splits), { kind: "unsqueeze" } as const]
    : []),
];
