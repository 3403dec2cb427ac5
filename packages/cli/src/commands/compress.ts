import { existsSync, readFileSync } from "node:fs";
import { basename, join, parse } from "node:path";
import { type Codec, createCodec } from "@flowify/compress";
import { DataError, UsageError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import {
  expectWeights,
  MOST_IMAGES,
  packImages,
  pixelsHash,
  unpackImages,
  weightsHash,
} from "../compressed/compressed-file.js";
import {
  coderName,
  decodeImages,
  expectSize,
  type PlainImages,
  plainImages,
} from "../compressed/decode-images.js";
import { isImageFile, readImageFile } from "../data/image-files.js";
import {
  describeImages,
  expectImages,
  firstImages as firstOf,
  type ImageShape,
  imageSize,
} from "../data/image-set.js";
import { folderSource } from "../data/picture-folder.js";
import { writeFileAtomic } from "../files/atomic.js";
import { isFolder } from "../files/place.js";
import { expectRegularFile } from "../files/regular-file.js";
import { defineCommand, expectNoData, type Running } from "../flags/define.js";
import { type FlagsOf, required, text } from "../flags/flag.js";
import {
  argument,
  commonFlags,
  forceFlag,
  imagesFlags,
  readingOf,
  severalArguments,
} from "../flags/shared.js";
import { encodePng } from "../pictures/png.js";
import { rowOf } from "../rows.js";
import { writeFiles } from "../runs/folder.js";
import { expectImageRun, imagesFor, readRun, type SavedRun } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import { countOf, formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";

const run = required("DIR", "Folder of the run whose weights code the images");

const { json, quiet } = commonFlags;

const compressFlags = {
  run,
  out: text("FILE", "Compressed file (default: images.flow)"),
  force: forceFlag,
  ...imagesFlags,
  json,
  quiet,
};

type CompressFlags = FlagsOf<typeof compressFlags>;

export const compressCommand = defineCommand({
  positional: severalArguments(
    "FILES",
    "Pictures, folders of them, and idx files (default: the test images of the run)",
  ),
  flags: compressFlags,
  help: `Codes images with the flow of a run, in about as many bits as flowify evaluate prints: the proof that
its likelihood is honest. Bits-back coding takes its noise from the bits of the images before. The
first images are packed by Brotli to provide the first noise, so it pays for many images, not for few.

Of fewer images than --limit, all are compressed. The pixels come back bit for bit, by flowify decompress with the same run. The file holds a hash of
the weights and a checksum. See docs/compress.md for how it works and for PNG, WebP and LZMA beside it.

--json prints one document: 
  { file, images, bytes, pixels, bpd, plain: { images, bytes }, prefix }

EXAMPLES
  flowify compress --run runs/a --limit 1000      the first 1,000 test images
  flowify compress scans --run runs/a --out scans.flow
  flowify decompress scans.flow --run runs/a --out restored`,
  run: compress,
});

const decompressFlags = {
  run,
  out: text("DIR", "Folder for the images (default: the name of the file)"),
  force: forceFlag,
  json,
  quiet,
};

type DecompressFlags = FlagsOf<typeof decompressFlags>;

export const decompressCommand = defineCommand({
  args: [argument("FILE", "A file of flowify compress")],
  flags: decompressFlags,
  help: `Writes the images of a file of flowify compress as PNG files, with the pixels that were compressed.
Needs the run that compressed them: its weights are part of the code.

A file that is cut short or damaged, and one of another run, ends with an error that says so.

EXAMPLES
  flowify decompress scans.flow --run runs/a --out restored`,
  run: decompress,
});

async function compress({ terminal }: Running, flags: CompressFlags, ...files: string[]): Promise<void> {
  const { quiet = false, out = "images.flow" } = flags;
  const { data, dataDir } = flags;
  expectFree([out], flags, { inputs: [...inputsOfRun(flags.run), ...files, data, dataDir] });
  expectNoData(files, data);
  const run = await readRun(flags.run, terminal);
  const shape = expectImageRun(run, "flowify compress works on images", "compress rows with another program");
  const { images, names } = await imagesIn(run, shape, flags, files, terminal);
  const codec = await createCodec(run.flow, run.arrays);
  try {
    const { dimensions } = run.flow;
    const count = images.length / dimensions;
    if (count > MOST_IMAGES)
      throw new UsageError(`${count} images, one file holds ${MOST_IMAGES}\nchoose fewer with --limit`);
    const plain = await firstImages(codec, images, dimensions);
    const others = images.subarray(plain.examples * dimensions);
    const progress = createProgress(terminal, { label: "image", total: others.length / dimensions });
    const { bits, examples } = await codec.encode(others, plain.words, (done, length) =>
      progress.update(done, `${(length / done / dimensions).toFixed(3)} bits per dimension`),
    );
    progress.finish();
    const weights = weightsHash(run.arrays);
    const about = { coder: coderName(), pixels: pixelsHash(images), ...(names && { names }) };
    const file = packImages({ weights, examples, plain, bits, about });
    await writeFileAtomic(out, file);
    const bpd = (8 * file.length) / images.length;
    terminal.say(
      `${countOf(count, "image")}: ${formatCount(file.length)} bytes, ${bpd.toFixed(4)} bits per dimension: ${out}`,
    );
    const share = ((100 * file.length) / images.length).toFixed(1);
    if (!quiet)
      terminal.say(
        `${share} % of the ${formatCount(images.length)} bytes of the pixels; the first ${countOf(plain.examples, "image")}, packed by Brotli, are the first noise`,
      );
    terminal.document({
      file: out,
      images: count,
      bytes: file.length,
      pixels: images.length,
      bpd,
      plain: { images: plain.examples, bytes: plain.bytes },
      prefix: 2 * bits.prefix,
    });
  } finally {
    codec.dispose();
  }
}

/** The images that take the place of random bits at the bottom: as many bytes as the first image pops. */
async function firstImages(codec: Codec, images: Uint8Array, size: number): Promise<PlainImages> {
  const alone = await codec.encode(images.subarray(0, size));
  return plainImages(images, size, 2 * alone.bits.prefix);
}

/** The pictures in a folder, by their names; a file itself. */
function picturesOf(place: string): string[] {
  if (!isFolder(place)) return [place];
  const { names } = folderSource(place);
  if (names.length > 0) return names.map((name) => join(place, name));
  throw new DataError(`${place}: a folder without pictures\nname a folder with picture files`);
}

/** The images of the files, or those that the flags select; names for those of picture files. */
async function imagesIn(
  run: SavedRun,
  shape: ImageShape,
  flags: CompressFlags,
  files: readonly string[],
  { note }: Terminal,
): Promise<{ images: Uint8Array; names?: string[] }> {
  if (files.length === 0) {
    const { limit = Number.POSITIVE_INFINITY, ...which } = flags;
    const all = expectImages(await imagesFor(run, which), "flowify compress");
    const set = firstOf(all, Math.min(limit, all.count));
    note(`compressing ${describeImages(set)}`);
    return { images: set.images };
  }
  const read: Uint8Array[] = [];
  const names: string[] = [];
  for (const file of files.flatMap(picturesOf)) {
    if (!isImageFile(file))
      throw new DataError(
        `${file}: not a picture (png, jpeg, webp, …) or an idx file\nname files of these kinds, a folder of pictures, or a data set by --data`,
      );
    const found = await readImageFile(file, shape, readingOf(flags));
    read.push(found.images);
    names.push(...found.names);
  }
  const size = sizeOf(shape);
  const limit = Math.min(flags.limit ?? names.length, names.length);
  note(`compressing ${formatCount(limit)} of ${countOf(names.length, "image")}`);
  const images = Buffer.concat(read).subarray(0, limit * size);
  return { images: new Uint8Array(images), names: names.slice(0, limit) };
}

async function decompress({ terminal }: Running, flags: DecompressFlags, file: string): Promise<void> {
  const folder = flags.out ?? parse(file).name;
  if (!existsSync(file)) throw new UsageError(`${file}: no such file\nname a file of flowify compress`);
  expectRegularFile(file);
  const stored = unpackImages(file, readFileSync(file));
  const run = await readRun(flags.run, terminal);
  const shape = expectImageRun(
    run,
    "flowify decompress works on images",
    "name the run that compressed them",
  );
  expectWeights(file, stored, weightsHash(run.arrays), flags.run);
  const size = imageSize(shape);
  expectSize(file, stored, size);
  const names = fileNames(stored.plain.examples + stored.examples, stored.about.names);
  const places = names.map((name) => join(folder, name));
  expectFree(places, flags, { inputs: [...inputsOfRun(flags.run), file] });
  const codec = await createCodec(run.flow, run.arrays);
  const progress = createProgress(terminal, { label: "image", total: stored.examples });
  const images = await decodeImages(file, stored, codec, size, (done) => progress.update(done, "")).finally(
    codec.dispose,
  );
  progress.finish();
  await writeFiles(folder, async (write) => {
    for (const [i, name] of names.entries()) await write(name, pngOf(rowOf(images, i, size), shape));
  });
  terminal.say(`${countOf(names.length, "image")}: ${folder}`);
  terminal.document({ folder, images: names.length, files: names });
}

/** PNG names: those of the pictures, or numbers where images have none or share one. */
function fileNames(count: number, names: readonly string[] = []): string[] {
  const digits = String(Math.max(count - 1, 1)).length;
  const numbered = Array.from({ length: count }, (_, i) => `${String(i).padStart(digits, "0")}.png`);
  const own = names.map((name) => `${parse(basename(name)).name}.png`);
  return own.length === count && new Set(own).size === count ? own : numbered;
}

/** A PNG file of an image [C, H, W] of one or three channels. */
function pngOf(image: Uint8Array, [channels, height, width]: ImageShape): Uint8Array {
  const area = height * width;
  const pixels = Uint8Array.from(
    { length: 3 * area },
    (_, i) => image[(channels === 1 ? 0 : i % 3) * area + Math.floor(i / 3)]!,
  );
  return encodePng({ width, height, pixels });
}
