import { DataError, UsageError } from "@flowify/core";
import { readIdx } from "./idx.js";
import type { ImageShape } from "./image-set.js";
import { readBytes } from "./packed.js";
import { decodePicture, PICTURE } from "./picture.js";

/** Images of one file, one after the other, and what each is called. */
export type FileImages = Readonly<{ images: Uint8Array; names: readonly string[] }>;

const IDX = /(idx\d-ubyte|\.idx)(\.gz)?$/i;

/**
 * The images of files, as a network of this shape takes them: pictures (grey or RGB, as the shape has
 * one channel or three) and idx files.
 *
 * @throws DataError that names a file which is no image, damaged, or of another size
 */
export async function* readImageFiles(
  files: readonly string[],
  shape: ImageShape,
): AsyncGenerator<FileImages> {
  for (const file of files) {
    if (IDX.test(file)) yield await idxImages(file, shape);
    else if (PICTURE.test(file)) yield await picture(file, shape);
    else
      throw new DataError(
        `${file}: neither a picture (png, jpeg, webp, …) nor an idx file\nname files of these kinds, or an archive or array by --data`,
      );
  }
}

/**
 * The image of a file, as a network of this shape takes it.
 *
 * @throws DataError as `readImageFiles` does, UsageError where the file holds several
 */
export async function readPicture(file: string, shape: ImageShape): Promise<Uint8Array> {
  const { value } = await readImageFiles([file], shape).next();
  const { images, names } = value as FileImages;
  if (names.length === 1) return images;
  throw new UsageError(`${file}: holds ${names.length} images, expected one picture`);
}

const wrongSize = (file: string, found: readonly number[], [, ...wanted]: ImageShape): DataError =>
  new DataError(
    `${file}: ${found.join(" × ")} pixels, the network takes ${wanted.join(" × ")}\nresize it first, or name its folder: --data FOLDER --size ${wanted.join("x")}`,
  );

async function idxImages(file: string, shape: ImageShape): Promise<FileImages> {
  const [channels, height, width] = shape;
  if (channels !== 1)
    throw new DataError(
      `${file}: idx files hold grey images, the network takes ${channels} channels\nname pictures, or a data set by --data`,
    );
  const { sizes, data } = await readIdx(file, 3);
  const [count = 0, ...found] = sizes;
  if (found[0] !== height || found[1] !== width) throw wrongSize(file, found, shape);
  return { images: data, names: Array.from({ length: count }, (_, i) => `${file}#${i}`) };
}

async function picture(file: string, shape: ImageShape): Promise<FileImages> {
  const [channels, height, width] = shape;
  try {
    const { planes, ...found } = await decodePicture(await readBytes(file, "a picture"), { channels });
    if (found.height !== height || found.width !== width)
      throw wrongSize(file, [found.height, found.width], shape);
    return { images: planes, names: [file] };
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `${file}: cannot be read as a picture (${(cause as Error).message})\nmend it, or leave it out`,
      { cause },
    );
  }
}
