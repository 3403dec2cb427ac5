import { DataError } from "@flowify/core";
import { allocate } from "./arrays/allocate.js";
import type { ImageShape } from "./image-set.js";

/** Height and width in pixels. */
export type PixelSize = readonly [height: number, width: number];

type Images = Readonly<{ images: Uint8Array; shape: ImageShape }>;

/** Sizes of the axes, and unsigned bytes row-major. */
type ByteArray = Readonly<{ sizes: readonly number[]; data: Uint8Array }>;

const isChannels = (length: number | undefined): length is number => length === 1 || length === 3;

/**
 * The images of an array [n, h, w], [n, c, h, w] or [n, h, w, c], c 1 or 3; with a given size also [n, h·w] and [n,
 * 3·h·w], channel by channel. Returns them as [n, c, h, w].
 *
 * @throws DataError that lists the possible shapes
 */
export function arrayImages(where: string, { sizes, data }: ByteArray, size?: PixelSize): Images {
  const [count = 0, ...rest] = sizes;
  const found = `[${sizes.join(", ")}]`;
  if (rest.length === 1 && size) return { images: data, shape: flatShape(where, rest[0]!, size) };
  const [a = 0, b = 0, c = 0] = rest;
  const shape: ImageShape | undefined =
    rest.length === 2
      ? [1, a, b]
      : rest.length === 3 && isChannels(a)
        ? [a, b, c]
        : rest.length === 3 && isChannels(c)
          ? [c, a, b]
          : undefined;
  if (shape === undefined)
    throw new DataError(
      `${where}: an array ${found}, expected images [n, h, w], [n, c, h, w] or [n, h, w, c] with 1 or 3 channels, or rows of numbers [rows, columns]`,
    );
  if (size && (size[0] !== shape[1] || size[1] !== shape[2]))
    throw new DataError(
      `${where}: images of ${shape[1]}x${shape[2]}, expected ${size.join("x")}: only picture files are resized\nleave --size out`,
    );
  const last = rest.length === 3 && !isChannels(a);
  return { images: last && c > 1 ? channelsFirst(where, data, count, shape) : data, shape };
}

function flatShape(where: string, length: number, size: PixelSize): ImageShape {
  const channels = length / (size[0] * size[1]);
  if (isChannels(channels)) return [channels, ...size];
  throw new DataError(
    `${where}: rows of ${length} values, but images of ${size.join("x")} have ${size[0] * size[1]}, or ${3 * size[0] * size[1]} in colour`,
  );
}

/** [n, h, w, c] as [n, c, h, w]. */
function channelsFirst(where: string, data: Uint8Array, count: number, shape: ImageShape): Uint8Array {
  const [channels, height, width] = shape;
  const places = height * width;
  const out = allocate(where, data.length);
  for (let image = 0; image < count; image++) {
    const begin = image * channels * places;
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < places; i++) out[begin + c * places + i] = data[begin + i * channels + c]!;
  }
  return out;
}
