import type { Codec } from "@flowify/compress";
import { DataError, MismatchError } from "@flowify/core";
import { environment } from "../environment.js";
import { type CompressedImages, pixelsHash, REMEDY } from "./compressed-file.js";
import { unpackPlain } from "./plain-images.js";

/** The engine and the build that code images in this process: their numbers may round in another way than those of others. */
export function coderName(): string {
  const { flowify, jax, node, platform } = environment();
  return `flowify ${flowify}, jax-js ${jax}, node ${node}, ${platform}`;
}

/** Most pixels of one file: they are held in memory. */
const MOST_PIXELS = 2 ** 28;

/** @throws DataError for more pixels than one file holds, of images of so many numbers */
export function expectSize(
  file: string,
  { examples, plain }: Pick<CompressedImages, "examples" | "plain">,
  size: number,
): void {
  const count = examples + plain.examples;
  if (count * size > MOST_PIXELS)
    throw new DataError(`${file}: ${count} images, more than one file holds\n${REMEDY}`);
}

/**
 * The images of a file, one after the other.
 *
 * @param size numbers of an image
 * @throws MismatchError where another engine or build coded them and this one finds other numbers, DataError for a stream that
 * is damaged
 */
export async function decodeImages(
  file: string,
  { bits, examples, plain, about }: CompressedImages,
  codec: Codec,
  size: number,
  onProgress?: (done: number) => void,
): Promise<Uint8Array> {
  expectSize(file, { examples, plain }, size);
  try {
    const { examples: decoded, below } = await codec.decode({ bits, examples }, onProgress);
    const images = Buffer.concat([unpackPlain({ ...plain, words: below }, size), decoded]);
    if (pixelsHash(images) === about.pixels) return images;
    throw new DataError("compressed data: the pixels are others than those that were compressed");
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    const now = coderName();
    if (about.coder === now) throw new DataError(`${file}: ${cause.message}\n${REMEDY}`, { cause });
    throw new MismatchError(
      `${file}: coded by ${about.coder}; this is ${now}, where its numbers differ\ndecompress it with the engine and build that coded it`,
      { cause },
    );
  }
}
