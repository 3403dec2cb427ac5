import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { DataError, type HostArray, MismatchError } from "@flowify/core";

/** Content of a file of `flowify compress`. */
export type CompressedImages = Readonly<{
  /** Hash of the weights. */
  weights: Uint8Array;
  examples: number;
  /** Further images before them, which a plain compressor packed into so many bytes: the first noise is popped from these. */
  plain: Readonly<{ examples: number; bytes: number }>;
  /** Names of the images, where they come from picture files. */
  names?: readonly string[];
  bits: Readonly<{ words: Uint16Array; prefix: number; seed: number }>;
}>;

const MAGIC = Buffer.from("flowify\x01", "latin1");
const HASH_BYTES = 8;
/** 32 bits each: examples, words, words of the prefix, plain examples and their bytes, bytes of the names. */
const NUMBERS = 6;
/** Magic, hash of the weights, and the numbers. */
const HEADER_BYTES = MAGIC.length + HASH_BYTES + 4 * NUMBERS;

const REMEDY = "get the file again, or compress the images again";

const hash = (...parts: Uint8Array[]): Uint8Array => {
  const all = createHash("sha256");
  for (const part of parts) all.update(part);
  return all.digest().subarray(0, HASH_BYTES);
};

/** Identifies the arrays of a checkpoint that images are coded with. */
export function weightsHash(arrays: { readonly [name: string]: HostArray }): Uint8Array {
  const names = Object.keys(arrays)
    .filter((name) => name.startsWith("params."))
    .sort();
  return hash(
    ...names.flatMap((name) => {
      const { data, shape } = arrays[name]!;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [Buffer.from(`${name} ${shape.join(" ")}\n`), bytes];
    }),
  );
}

/** The bytes of the file: header, names, words, and a hash of all of it. */
export function packImages({ weights, examples, plain, names, bits }: CompressedImages): Uint8Array {
  const list = names ? deflateRawSync(JSON.stringify(names)) : Buffer.alloc(0);
  const numbers = Buffer.alloc(4 * NUMBERS);
  const counts = [examples, bits.words.length, bits.prefix, plain.examples, plain.bytes, list.length];
  counts.forEach((value, i) => {
    numbers.writeUInt32LE(value, 4 * i);
  });
  const words = Buffer.alloc(2 * bits.words.length);
  bits.words.forEach((word, i) => {
    words.writeUInt16LE(word, 2 * i);
  });
  const content = Buffer.concat([MAGIC, weights, numbers, list, words]);
  return Buffer.concat([content, hash(content)]);
}

/**
 * The content of a file of `flowify compress`.
 *
 * @throws DataError if it is another kind of file, cut short or damaged
 */
export function unpackImages(file: string, bytes: Uint8Array): CompressedImages {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!content.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, content.length)) || content.length === 0)
    throw new DataError(`${file}: not a file of flowify compress\nname one that flowify compress wrote`);
  const at = MAGIC.length + HASH_BYTES;
  const numbers = Array.from({ length: NUMBERS }, (_, i) =>
    content.length < HEADER_BYTES ? 0 : content.readUInt32LE(at + 4 * i),
  );
  const [examples = 0, count = 0, prefix = 0, plain = 0, plainBytes = 0, list = 0] = numbers;
  const size = HEADER_BYTES + list + 2 * count + HASH_BYTES;
  if (content.length < HEADER_BYTES || content.length < size)
    throw new DataError(
      `${file}: cut short, expected ${Math.max(size, HEADER_BYTES)} bytes, got ${content.length}\n${REMEDY}`,
    );
  const end = content.length - HASH_BYTES;
  if (content.length > size || !content.subarray(end).equals(hash(content.subarray(0, end))))
    throw new DataError(`${file}: damaged, its checksum is another\n${REMEDY}`);
  const first = HEADER_BYTES + list;
  const words = Uint16Array.from({ length: count }, (_, i) => content.readUInt16LE(first + 2 * i));
  return {
    weights: content.subarray(MAGIC.length, at),
    examples,
    plain: { examples: plain, bytes: plainBytes },
    ...(list > 0 && {
      names: JSON.parse(inflateRawSync(content.subarray(HEADER_BYTES, first)).toString()) as string[],
    }),
    bits: { words, prefix, seed: 0 },
  };
}

/** @throws MismatchError if the file was made with other weights */
export function expectWeights(
  file: string,
  { weights }: CompressedImages,
  found: Uint8Array,
  run: string,
): void {
  if (Buffer.from(weights).equals(found)) return;
  throw new MismatchError(
    `${file}: made with other weights than those of ${run}\nname the run, as it was, with --run`,
  );
}
