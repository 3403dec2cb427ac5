import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { DataError } from "@flowify/core";

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
export function unpackPlain({ examples, bytes, words }: PlainImages, size: number): Uint8Array {
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
