import type { CompressFlags } from "../actions/compress.js";
import type { DecompressFlags } from "../actions/decompress.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty } from "../flags/parsers.js";
import { commonFlags, imagesFlags } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

const run = {
  kind: "parsed",
  parse: nonEmpty,
  placeholder: "DIR",
  brief: "Folder of the run whose weights code the images",
} as const;

const out = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: nonEmpty, optional: true, placeholder, brief }) as const;

const { json, quiet } = commonFlags;

export const compressCommand = buildCommand<CompressFlags, string[], CliContext>({
  loader: async () => (await import("../actions/compress.js")).compress,
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        parse: nonEmpty,
        placeholder: "FILES",
        brief: "Pictures, folders of them, and idx files (default: the test images of the run)",
      },
    },
    flags: {
      run,
      out: out("FILE", "Compressed file (default: images.flow)"),
      ...imagesFlags,
      json,
      quiet,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Compress images without loss by the likelihood of a run",
    fullDescription: `Codes images with the flow of a run, in about as many bits as flowify evaluate prints: the proof that
its likelihood is honest. Bits-back coding takes its noise from the bits of the images before. The
first images are packed by Brotli to provide the first noise, so it pays for many images, not for few.

The pixels come back bit for bit, by flowify decompress with the same run. The file holds a hash of
the weights and a checksum. See docs/compress.md for how it works and for PNG, WebP and LZMA beside it.

--json prints one document: 
  { file, images, bytes, pixels, bpd, plain: { images, bytes }, prefix }

EXAMPLES
  flowify compress --run runs/a --limit 1000      the first 1,000 test images
  flowify compress scans --run runs/a --out scans.flow
  flowify decompress scans.flow --run runs/a --out scans`,
  },
});

export const decompressCommand = buildCommand<DecompressFlags, [string], CliContext>({
  loader: async () => (await import("../actions/decompress.js")).decompress,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: nonEmpty, placeholder: "FILE", brief: "A file of flowify compress" }],
    },
    flags: {
      run,
      out: out("DIR", "Folder for the images (default: the name of the file)"),
      json,
      quiet,
    },
    aliases: { o: "out", q: "quiet" },
  },
  docs: {
    brief: "Restore the images of a compressed file",
    fullDescription: `Writes the images of a file of flowify compress as PNG files, with the pixels that were compressed.
Needs the run that compressed them: its weights are part of the code.

A file that is cut short or damaged, and one of another run, ends with an error that says so.

EXAMPLES
  flowify decompress scans.flow --run runs/a --out scans`,
  },
});
