import { DataError, UsageError } from "@flowify/core";
import { readBytes } from "../files/packed.js";
import type { Reading } from "./format.js";
import { readIdx } from "./idx.js";
import type { ImageShape } from "./image-set.js";
import { PICTURE, pictureDecoder } from "./picture.js";

/** Images of one file, one after another, with their names. */
export type FileImages = Readonly<{ images: Uint8Array; names: readonly string[] }>;

const IDX = /(idx\d-ubyte|\.idx)(\.gz)?$/i;

/** True for the name of a file with images: an idx file or a picture. */
export const isImageFile = (file: string): boolean => IDX.test(file) || PICTURE.test(file);

type PictureReading = Pick<Reading, "size" | "resize">;

/**
 * The images of an idx file or a picture, in this shape. A picture is read in grey or RGB, for one or three channels,
 * and with `size` resized.
 *
 * @throws DataError if it is not an image, damaged, or of another size
 */
export const readImageFile = (
  file: string,
  shape: ImageShape,
  reading: PictureReading = {},
): Promise<FileImages> => (IDX.test(file) ? idxImages(file, shape) : picture(file, shape, reading));

/**
 * The image of a file, in this shape.
 *
 * @throws DataError like `readImageFile`, UsageError if the file holds several
 */
export async function readPicture(
  file: string,
  shape: ImageShape,
  reading: PictureReading = {},
): Promise<Uint8Array> {
  if (!isImageFile(file))
    throw new DataError(
      `${file}: not a picture (png, jpeg, webp, …) or an idx file\nname a file of one of these kinds`,
    );
  const { images, names } = await readImageFile(file, shape, reading);
  if (names.length === 1) return images;
  throw new UsageError(`${file}: holds ${names.length} images, expected one picture`);
}

const wrongSize = (
  file: string,
  found: readonly number[],
  [, ...wanted]: ImageShape,
  remedy: string,
): DataError =>
  new DataError(`${file}: ${found.join(" × ")} pixels, the network expects ${wanted.join(" × ")}\n${remedy}`);

async function idxImages(file: string, shape: ImageShape): Promise<FileImages> {
  const [channels, height, width] = shape;
  if (channels !== 1)
    throw new DataError(
      `${file}: idx files hold grey images, the network expects ${channels} channels\nname picture files`,
    );
  const { sizes, data } = await readIdx(file, 3);
  const [count = 0, ...found] = sizes;
  if (found[0] !== height || found[1] !== width)
    throw wrongSize(file, found, shape, "name images of that size");
  return { images: data, names: Array.from({ length: count }, (_, i) => `${file}#${i}`) };
}

async function picture(
  file: string,
  shape: ImageShape,
  { size, resize }: PictureReading,
): Promise<FileImages> {
  const [channels, height, width] = shape;
  const decode = await pictureDecoder();
  try {
    const { planes, ...found } = await decode(await readBytes(file, "a picture"), {
      channels,
      size,
      resize,
    });
    if (found.height !== height || found.width !== width) {
      const remedy = `resize it first, or with --size ${height}x${width}`;
      throw wrongSize(file, [found.height, found.width], shape, remedy);
    }
    return { images: planes, names: [file] };
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `${file}: cannot be read as a picture (${(cause as Error).message})\nrepair it, or leave it out`,
      { cause },
    );
  }
}
