import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { DataError, type HostArray, MismatchError } from "@flowify/core";
import * as v from "valibot";
import { entryOf } from "../places.js";

/** Content of a file of `flowify compress`. */
export type CompressedImages = Readonly<{
  /** Hash of the weights. */
  weights: Uint8Array;
  examples: number;
  /** Further images before them, which a plain compressor packed into so many bytes: the first noise is popped from these. */
  plain: Readonly<{ examples: number; bytes: number }>;
  about: About;
  bits: Readonly<{ words: Uint16Array; prefix: number; seed: number }>;
}>;

const about = v.strictObject({
  /** The engine and the build that coded the images. */
  coder: v.string(),
  /** Hash of all pixels. */
  pixels: v.string(),
  /** Names of the images, where they come from picture files. */
  names: v.optional(
    v.array(
      v.pipe(
        v.string(),
        v.check((name) => name !== "" && !/\p{Cc}/u.test(name)),
      ),
    ),
  ),
});

/** What a file says about its images. */
type About = Readonly<v.InferOutput<typeof about>>;

const NAME = Buffer.from("flowify", "latin1");
const FORMAT = 2;
const HASH_BYTES = 8;
/** 32 bits each: examples, words, words of the prefix, plain examples and their bytes, bytes of the document. */
const NUMBERS = 6;
const WEIGHTS_AT = NAME.length + 1;
const NUMBERS_AT = WEIGHTS_AT + HASH_BYTES;
const HEADER_BYTES = NUMBERS_AT + 4 * NUMBERS;

/** Most images of one file: each has a name. */
export const MOST_IMAGES = 2 ** 20;

/** Most bytes of the document: names of so many images would be in folders, not in one file. */
const MOST_ABOUT = 2 ** 25;

export const REMEDY = "get the file again, or compress the images again";

const hash = (...parts: Uint8Array[]): Uint8Array => {
  const all = createHash("sha256");
  for (const part of parts) all.update(part);
  return all.digest().subarray(0, HASH_BYTES);
};

/** The hash of all pixels, for `about`. */
export const pixelsHash = (images: Uint8Array): string => Buffer.from(hash(images)).toString("hex");

/** Identifies the arrays of a checkpoint that images are coded with. */
export function weightsHash(arrays: { readonly [name: string]: HostArray }): Uint8Array {
  const names = Object.keys(arrays)
    .filter((name) => name.startsWith("params."))
    .sort();
  return hash(
    ...names.flatMap((name) => {
      const { data, shape } = entryOf(arrays, name);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [Buffer.from(`${name} ${shape.join(" ")}\n`), bytes];
    }),
  );
}

/** The bytes of the file: header, document, words, and a hash of all of it. */
export function packImages({ weights, examples, plain, about: facts, bits }: CompressedImages): Uint8Array {
  const document = deflateRawSync(JSON.stringify(facts));
  const numbers = Buffer.alloc(4 * NUMBERS);
  const counts = [examples, bits.words.length, bits.prefix, plain.examples, plain.bytes, document.length];
  counts.forEach((value, i) => {
    numbers.writeUInt32LE(value, 4 * i);
  });
  const words = Buffer.alloc(2 * bits.words.length);
  bits.words.forEach((word, i) => {
    words.writeUInt16LE(word, 2 * i);
  });
  return withHash(Buffer.concat([NAME, Uint8Array.of(FORMAT), weights, numbers, document, words]));
}

export const withHash = (content: Uint8Array): Uint8Array => Buffer.concat([content, hash(content)]);

/**
 * The content of a file of `flowify compress`.
 *
 * @throws DataError if it is another kind of file, cut short or damaged
 */
export function unpackImages(file: string, bytes: Uint8Array): CompressedImages {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!content.subarray(0, NAME.length).equals(NAME.subarray(0, content.length)) || content.length === 0)
    throw new DataError(`${file}: not a file of flowify compress\nname one that flowify compress wrote`);
  const format = content[NAME.length] ?? FORMAT;
  if (format !== FORMAT)
    throw new DataError(
      `${file}: of format ${format}, expected ${FORMAT}\ncompress the images again, or decompress the file with the version that wrote it`,
    );
  const numbers = Array.from({ length: NUMBERS }, (_, i) =>
    content.length < HEADER_BYTES ? 0 : content.readUInt32LE(NUMBERS_AT + 4 * i),
  );
  const [examples = 0, count = 0, prefix = 0, plain = 0, plainBytes = 0, document = 0] = numbers;
  const size = HEADER_BYTES + document + 2 * count + HASH_BYTES;
  if (content.length < HEADER_BYTES || content.length < size)
    throw new DataError(
      `${file}: cut short, expected ${Math.max(size, HEADER_BYTES)} bytes, got ${content.length}\n${REMEDY}`,
    );
  const end = content.length - HASH_BYTES;
  if (content.length > size || !content.subarray(end).equals(hash(content.subarray(0, end))))
    throw new DataError(`${file}: damaged, its checksum is another\n${REMEDY}`);
  const first = HEADER_BYTES + document;
  const found = readAbout(content.subarray(HEADER_BYTES, first));
  const isPossible =
    plain <= examples &&
    examples + plain <= MOST_IMAGES &&
    (found?.names?.length ?? examples + plain) === examples + plain;
  if (!found || !isPossible) throw new DataError(`${file}: damaged, its header is of no images\n${REMEDY}`);
  return {
    weights: content.subarray(WEIGHTS_AT, NUMBERS_AT),
    examples,
    plain: { examples: plain, bytes: plainBytes },
    about: found,
    bits: {
      words: Uint16Array.from({ length: count }, (_, i) => content.readUInt16LE(first + 2 * i)),
      prefix,
      seed: 0,
    },
  };
}

/** Undefined for a document that no `packImages` wrote. */
function readAbout(packed: Uint8Array): About | undefined {
  try {
    const text = inflateRawSync(packed, { maxOutputLength: MOST_ABOUT }).toString();
    return v.parse(about, JSON.parse(text));
  } catch {
    return undefined;
  }
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
