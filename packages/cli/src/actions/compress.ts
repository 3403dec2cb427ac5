import { statSync } from "node:fs";
import { join } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { createCodec } from "@flowify/core/internal";
import { packImages, weightsHash } from "../compressed/compressed-file.js";
import { type PlainImages, plainImages } from "../compressed/plain-images.js";
import { isImageFile, readImageFile } from "../data/image-files.js";
import { expectImages, type ImageShape } from "../data/image-set.js";
import { folderSource } from "../data/picture-folder.js";
import { writeFileAtomic } from "../files/atomic.js";
import { type ImagesFlags, readingOf } from "../flags/shared.js";
import { expectPlaceFor } from "../runs/folder.js";
import { expectImageRun, imagesFor, readRun, type SavedRun } from "../runs/open-run.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import { createTerminal } from "../ui/terminal.js";

export type CompressFlags = ImagesFlags & { run: string; out?: string; json?: boolean; quiet?: boolean };

export async function compress(this: CliContext, flags: CompressFlags, ...files: string[]): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, out = "images.flow" } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  expectPlaceFor(out);
  if (files.length > 0 && flags.data !== undefined)
    throw new UsageError("files and --data exclude each other\nname one of them");
  const run = await readRun(flags.run, terminal);
  const shape = expectImageRun(run, "flowify compress works on images", "compress rows with another program");
  const { images, names } = await imagesIn(run, shape, flags, files);
  const codec = await createCodec(run.flow, run.arrays);
  try {
    const { dimensions } = run.flow;
    const count = images.length / dimensions;
    const plain = await firstImages(codec, images, dimensions);
    const others = images.subarray(plain.examples * dimensions);
    const progress = createProgress(terminal, { label: "image", total: others.length / dimensions });
    const { bits, examples } = await codec.encode(others, plain.words, (done, length) =>
      progress.update(done, `${(length / done / dimensions).toFixed(3)} bits per dimension`),
    );
    progress.finish();
    const weights = weightsHash(run.arrays);
    const file = packImages({ weights, examples, plain, bits, ...(names && { names }) });
    await writeFileAtomic(out, file);
    const bpd = (8 * file.length) / images.length;
    terminal.say(
      `${formatCount(count)} images: ${formatCount(file.length)} bytes, ${bpd.toFixed(4)} bits per dimension: ${out}`,
    );
    const share = ((100 * file.length) / images.length).toFixed(1);
    if (!quiet)
      terminal.say(
        `${share} % of the ${formatCount(images.length)} bytes of the pixels; the first ${plain.examples} images, packed by Brotli, are the first noise`,
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

type Codec = Awaited<ReturnType<typeof createCodec>>;

/** The images that take the place of random bits at the bottom: as many bytes as the first image pops. */
async function firstImages(codec: Codec, images: Uint8Array, size: number): Promise<PlainImages> {
  const alone = await codec.encode(images.subarray(0, size));
  return plainImages(images, size, 2 * alone.bits.prefix);
}

/** The pictures in a folder, by their names; a file itself. */
function picturesOf(place: string): string[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return [place];
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
): Promise<{ images: Uint8Array; names?: string[] }> {
  if (files.length === 0) {
    const { images } = expectImages(await imagesFor(run, flags), "flowify compress");
    return { images };
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
  const size = shape.reduce((a, b) => a * b, 1);
  const limit = Math.min(flags.limit ?? names.length, names.length);
  const images = Buffer.concat(read).subarray(0, limit * size);
  return { images: new Uint8Array(images), names: names.slice(0, limit) };
}
