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
function couplingsOfBlocks(
  channels: number,
  splits: readonly number[],
  size: ImageFrontOptions["size"],
): NetworkLayer[] {
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
    layers.push({ kind: "coupling", stack: 2, ...size });
    now = now.toReversed(); // as a stack of two leaves them
  }
  arrange(inOrder);
  return layers;
}

/** What comes in front of a network of images. */
type ImageFrontOptions = Readonly<{
  /** The couplings, two for each split of the 2 × 2 blocks: 0 into rows, 1 into a checkerboard, 2 into columns. */
  splits: readonly number[];
  /** Dequantization by a network instead of uniform noise. Default true. */
  learned?: boolean;
  /** A spline for each entry of an image, or one for each channel. Default `entry`. */
  per?: "entry" | "channel";
  /** Turn the channels of a pixel after their splines, at first to their principal directions. Default false. */
  turned?: boolean;
  /** Options of the couplings; by default those of a coupling. */
  size?: Readonly<{ hidden?: number; kernels?: readonly number[]; affine?: boolean }>;
}>;

/**
 * The layers in front of a network of images, in place of its dequantization: learned dequantization, and a spline for
 * each pixel. Convolutions mix pixels at once, so couplings at half the resolution come before them; they need even
 * sides. The figures behind the choice are in docs/design/marginal.md.
 */
export const imageFront = (
  channels: number,
  { splits, learned = true, per = "entry", turned = false, size = {} }: ImageFrontOptions,
): readonly NetworkLayer[] => [
  learned ? { kind: "variationalDequantize", hidden: 16 } : { kind: "dequantize" },
  { kind: "marginal", ...(per === "channel" && { per }) },
  ...(turned ? [{ kind: "conv2d", out: channels, kernel: 1, stride: 1 } as const] : []),
  ...(splits.length > 0
    ? [
        { kind: "squeeze" } as const,
        ...couplingsOfBlocks(channels, splits, size),
        { kind: "unsqueeze" } as const,
      ]
    : []),
];
