import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import type { Codec } from "@flowify/compress";
import { DataError, MismatchError } from "@flowify/core";
import { environment } from "../environment.js";
import { type CompressedImages, pixelsHash, REMEDY } from "./compressed-file.js";

/** The first images, packed by a plain compressor. */
export type PlainImages = Readonly<{ examples: number; bytes: number; words: Uint16Array }>;

const packed = (images: Uint8Array): Uint8Array => brotliCompressSync(images);

/**
 * As many of the first images, packed, as fill `wanted` bytes, and at most half of all: bits-back coding pops its first noise from
 * them. Random bits in their place would all be paid for.
 */
export function plainImages(images: Uint8Array, size: number, wanted: number): PlainImages {
  const most = Math.floor(images.length / size / 2);
  let examples = 0;
  let bytes: Uint8Array = new Uint8Array();
  while (examples < most && bytes.length < wanted) {
    examples++;
    bytes = packed(images.subarray(0, examples * size));
  }
  const words = new Uint16Array(Math.ceil(bytes.length / 2));
  bytes.forEach((byte, i) => {
    words[i >> 1]! |= i % 2 === 0 ? byte : byte << 8;
  });
  return { examples, bytes: bytes.length, words };
}

/** @throws DataError if the words are not those of `plainImages` */
function unpackPlain({ examples, bytes, words }: PlainImages, size: number): Uint8Array {
  if (examples === 0) return new Uint8Array();
  const damaged = new DataError("compressed data: the images at the bottom are damaged");
  if (bytes > 2 * words.length) throw damaged;
  const packedBytes = Uint8Array.from(
    { length: bytes },
    (_, i) => ((words[i >> 1] ?? 0) >> (i % 2 ? 8 : 0)) & 255,
  );
  try {
    const images = brotliDecompressSync(packedBytes, { maxOutputLength: examples * size });
    if (images.length === examples * size) return images;
  } catch {
    // told below
  }
  throw damaged;
}

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
