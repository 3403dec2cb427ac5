import { couplingNetwork, imageEnd, imageFront } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { type DataSet, type ImageSet, isRowShape, type RowSet } from "../data/image-set.js";
import { valueAt } from "../places.js";
import type { Training } from "../settings.js";
import { formatCount } from "../ui/format.js";
import type { NetworkDescription } from "./network.js";
import { descriptionOf, isPreset } from "./presets.js";
import { tableNetwork } from "./table-networks.js";
import type { ChosenNetwork } from "./weights.js";

/** The network that is built for the data; for images in the size that a first look has time for. */
export const AUTO = "auto";

/** Sizes of the network for images, `auto:large` and so on, the largest first. */
export const autoSizes = ["large", "medium", "small"] as const;
export type AutoSize = (typeof autoSizes)[number];

/** The size in a name, `auto:large`. */
export const autoSizeOf = (name: string): AutoSize | undefined =>
  autoSizes.find((size) => name === `${AUTO}:${size}`);

/** Names of the networks that are built for images or rows without a preset. */
export const autoNames: readonly string[] = [AUTO, ...autoSizes.map((size) => `${AUTO}:${size}`)];

type Layer = NetworkDescription["layers"][number];

/** Channels of the convolutions: those of the paper's networks for MNIST and CIFAR-10, which also halve an image. */
const CHANNELS = { grey: [4, 16, 24, 32, 64], colour: [12, 48, 72, 96, 128] } as const;

/** Widths of the last dense layers. */
const ENDS = [32, 8] as const;

/** True for a network that is built for the data, and trained as suits them. */
export const isBuilt = (name: string): boolean => autoNames.includes(name) || isPreset(name);

/** True for a network whose layers follow from the columns of a table: an array is one for it. */
export const takesTables = (name: string): boolean => autoNames.includes(name) || name.startsWith("table/");

/** Default training: at least this many steps, and at least one epoch. */
type Schedule = Readonly<
  Pick<Training, "batchSize" | "steps" | "learningRate"> &
    Partial<Pick<Training, "ema" | "optimizer" | "orthogonalRate">>
>;
const schedules = {
  rows: { batchSize: 256, steps: 500, learningRate: 3e-3 },
  images: { batchSize: 64, steps: 400, learningRate: 3e-3 },
  /** As `mnist/transformer` is trained. */
  patches: { batchSize: 32, steps: 400, learningRate: 6e-3, orthogonalRate: 0, optimizer: "muon" },
} as const satisfies { [kind: string]: Schedule };

/**
 * A run of a table may end long before its step sizes have decayed: an average of the weights has less of the noise of long
 * steps, and neither have its measurements.
 */
const AVERAGE = { ema: 0.97 } as const;

/** A batch is at most this share of the data. */
const BATCH_PART = 1 / 4;

export function autoSchedule(set: DataSet): Schedule {
  const { shape, count } = set;
  const kind = patchOf(set) === undefined ? "images" : "patches";
  const schedule: Schedule = schedules[isRowShape(shape) ? "rows" : kind];
  const most = 2 ** Math.floor(Math.log2(Math.max(1, count * BATCH_PART)));
  return {
    ...schedule,
    batchSize: Math.min(schedule.batchSize, most),
    ...("rows" in set && set.schema && AVERAGE),
  };
}

/**
 * Fewest images for a separate spline per pixel, and for couplings of all numbers with a mixture behind them: fewer say too
 * little of each pixel, and are learned by heart.
 */
export const MANY = 10_000;

/** Most numbers that couplings see all of, at most so many places wide. */
const TOGETHER = { numbers: 1024, side: 8 } as const;

/** Sides of the patches that attention looks at, the first that divides an image into four of them at least. */
const PATCHES = [4, 2] as const;

/** Side of the patches for attention; undefined for images that are few, large, or of odd sides, which get convolutions. */
function patchOf({ shape, count }: Pick<DataSet, "shape" | "count">): number | undefined {
  const [, height = 0, width = 0] = shape;
  if (isRowShape(shape) || count < MANY || sizeOf(shape) > TOGETHER.numbers) return undefined;
  return PATCHES.find((side) => height % side === 0 && width % side === 0 && height * width >= 4 * side ** 2);
}

/** What `auto` builds for data of a shape, in words; for some shapes the number of images decides. */
export function autoWords([channels = 0, height, width]: readonly number[]): string {
  if (height === undefined || width === undefined) return "couplings behind a whitening";
  const patch = patchOf({ shape: [channels, height, width], count: MANY });
  const convolutions = "convolutions and couplings";
  if (patch === undefined) return convolutions;
  return `attention between patches of ${patch}×${patch}, of fewer than ${formatCount(MANY)} images ${convolutions}`;
}

/** Couplings in front of the convolutions, and the most places along a side where there are couplings between them. */
const SPLITS = { large: [0, 1], medium: [0], small: [] } as const;
const COUPLED_SIDE = { large: Number.POSITIVE_INFINITY, medium: 12, small: 6 } as const;

type RowsToFit = Pick<RowSet, "shape" | "levels">;

/** The network for data of any shape. */
export const autoNetwork = (set: DataSet, size: AutoSize = "large"): ChosenNetwork => ({
  name: AUTO,
  description: "rows" in set ? rowNetwork(set) : { inShape: [...set.shape], layers: imageLayers(set, size) },
});

/** The network for rows: that of tables where the columns are known, else couplings behind a whitening. */
const rowNetwork = (set: RowSet): NetworkDescription =>
  set.schema ? descriptionOf(tableNetwork("stack", set.shape[0], set.schema)) : couplings(set);

const couplings = ({ shape: [columns], levels }: RowsToFit, blocks?: number): NetworkDescription =>
  descriptionOf(
    couplingNetwork(columns, {
      ...(levels !== undefined && { levels }),
      ...(blocks !== undefined && { blocks }),
    }),
  );

/** One Gaussian: columns scaled and whitened, nothing else. */
export const gaussianNetwork = (rows: RowsToFit): NetworkDescription => couplings(rows, 0);

/**
 * A spline for each pixel, couplings at half the resolution, and convolutions that halve an image, each followed by a spline
 * and couplings. Many small images get attention between patches and a mixture in place of convolutions, as in
 * `mnist/transformer`. Of many others what is left goes through couplings of all numbers to a mixture. Of few
 * the convolutions go down to one position, and dense layers follow: the paper's `fconv2-nsf` for any size. Smaller ones have
 * fewer couplings where there are many places, which take most of the time.
 */
function imageLayers({ shape, count }: ImageSet, size: AutoSize): Layer[] {
  const [channels, height, width] = shape;
  const patch = patchOf({ shape, count });
  if (patch !== undefined)
    return [
      ...imageFront(channels, { splits: [0, 1] }),
      { kind: "transformer", stack: 2, depth: 1, patch },
      ...imageEnd(sizeOf(shape), 0, [256]),
    ] as Layer[];
  const widths = channels === 1 ? CHANNELS.grey : CHANNELS.colour;
  const even = height % 2 === 0 && width % 2 === 0;
  const front = imageFront(channels, {
    splits: even ? SPLITS[size] : [],
    learned: false,
    per: count < MANY ? "channel" : "entry",
  });
  const layers = [...front] as Layer[];
  let [now, tall, wide] = [channels, height, width];
  for (let level = 0; tall > 1 || wide > 1; level++) {
    const kernel: [number, number] = [Math.min(2, tall), Math.min(2, wide)];
    now = Math.min(kernel[0] * kernel[1] * now, valueAt(widths, Math.min(level, widths.length - 1)));
    [tall, wide] = [Math.ceil(tall / 2), Math.ceil(wide / 2)];
    layers.push({ kind: "conv2d", out: now, kernel, stride: kernel }, { kind: "rqSpline" });
    const side = Math.max(tall, wide);
    if (now > 1 && side > 1 && side <= COUPLED_SIDE[size]) layers.push({ kind: "coupling", stack: 2 });
    const numbers = now * tall * wide;
    if (count >= MANY && numbers <= TOGETHER.numbers && side <= TOGETHER.side)
      return [...layers, ...(imageEnd(numbers, 3) as Layer[])];
  }
  layers.push({ kind: "flatten" });
  if (height * width === 1) layers.push({ kind: "whiten" });
  if (now > 1) layers.push({ kind: "coupling", stack: 2 });
  for (const out of ENDS) {
    if (out >= now) continue;
    layers.push({ kind: "linear", out }, { kind: "rqSpline" }, { kind: "coupling", stack: 2 });
    now = out;
  }
  return layers;
}
