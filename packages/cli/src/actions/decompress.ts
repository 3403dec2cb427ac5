import { existsSync, readFileSync } from "node:fs";
import { basename, join, parse } from "node:path";
import { UsageError } from "@flowify/core";
import { createCodec } from "@flowify/core/internal";
import { expectWeights, unpackImages, weightsHash } from "../compressed/compressed-file.js";
import { unpackPlain } from "../compressed/plain-images.js";
import { type ImageShape, imageSize } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { expectRegularFile } from "../files/regular-file.js";
import { encodePng } from "../pictures/png.js";
import { makeFolder } from "../runs/folder.js";
import { expectImageRun, readRun } from "../runs/open-run.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { createProgress } from "../ui/progress.js";
import { createTerminal } from "../ui/terminal.js";

export type DecompressFlags = { run: string; out?: string; json?: boolean; quiet?: boolean };

export async function decompress(this: CliContext, flags: DecompressFlags, file: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
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
  const codec = await createCodec(run.flow, run.arrays);
  try {
    const size = imageSize(shape);
    const progress = createProgress(terminal, { label: "image", total: stored.examples });
    const { examples, below } = await codec.decode(stored, (done) => progress.update(done, ""));
    progress.finish();
    const images = Buffer.concat([unpackPlain({ ...stored.plain, words: below }, size), examples]);
    const count = images.length / size;
    const names = fileNames(count, stored.names);
    makeFolder(folder);
    for (const [i, name] of names.entries())
      await writeFileAtomic(
        join(folder, name),
        await pngOf(images.subarray(i * size, (i + 1) * size), shape),
      );
    terminal.say(`${formatCount(count)} images: ${folder}`);
    terminal.document({ folder, images: count, files: names });
  } finally {
    codec.dispose();
  }
}

/** PNG names: those of the pictures, or numbers where images have none or share one. */
function fileNames(count: number, names: readonly string[] = []): string[] {
  const digits = String(Math.max(count - 1, 1)).length;
  const numbered = Array.from({ length: count }, (_, i) => `${String(i).padStart(digits, "0")}.png`);
  const own = names.map((name) => `${parse(basename(name)).name}.png`);
  return own.length === count && new Set(own).size === count ? own : numbered;
}

/** A PNG file of an image [C, H, W] of one or three channels. */
function pngOf(image: Uint8Array, [channels, height, width]: ImageShape): Promise<Uint8Array> {
  const area = height * width;
  const pixels = Uint8Array.from(
    { length: 3 * area },
    (_, i) => image[(channels === 1 ? 0 : i % 3) * area + Math.floor(i / 3)]!,
  );
  return encodePng({ width, height, pixels });
}
