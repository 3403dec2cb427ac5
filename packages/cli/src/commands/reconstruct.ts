import { expectImages, firstImages } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, type FlagsOf, text } from "../flags/flag.js";
import { commonFlags, forceFlag, imagesFlags, runFolder, seedFlag } from "../flags/shared.js";
import { runPaths } from "../runs/folder.js";
import { expectImageRun, imagesFor, withModel } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import { imagesDocument } from "../runs/report.js";
import { reconstructionsPicture } from "../sheets/run-pictures.js";
import { countOf } from "../ui/format.js";

const { limit: _, ...whichImages } = imagesFlags;

const flags = {
  ...whichImages,
  count: count("Reconstruct the first N images (default: 15)"),
  seed: seedFlag("Seed of the noise (default: 0)"),
  out: text("FILE", "PNG file (default: reconstructions.png in the run's folder)"),
  force: forceFlag,
  ...commonFlags,
};

type ReconstructFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  readsData: true,
  flags,
  help: `Shows what a run keeps of an image. Writes a labelled PNG of three rows: the originals, their
reconstructions with every dropped coordinate at its mean, and reconstructions with dropped
coordinates sampled.

EXAMPLES
  flowify reconstruct runs/a
  flowify reconstruct runs/a --split train --count 8 --out kept.png`,
  run: reconstruct,
});

/** Images that are reconstructed where nobody says how many. */
const COUNT = 15;

async function reconstruct({ terminal }: Running, flags: ReconstructFlags, folder: string): Promise<void> {
  const { seed = 0 } = flags;
  const file = flags.out ?? runPaths(folder).reconstructions;
  expectFree([file], flags, { inputs: [...inputsOfRun(folder), flags.data, flags.dataDir], own: true });
  await withModel(folder, flags, terminal, async (model, run) => {
    expectImageRun(
      run,
      "flowify reconstruct works on images",
      `flowify sample ${folder} --out rows.csv samples rows`,
    );
    const chosen = expectImages(
      await imagesFor(run, { ...flags, ...(flags.count && { limit: flags.count }) }, "--count"),
      "flowify reconstruct",
    );
    const count = flags.count ?? Math.min(COUNT, chosen.count);
    const images = firstImages(chosen, count);
    const title = `${run.config.network} after ${countOf(run.step, "step")}: reconstructions of ${images.split} images`;
    await writeFileAtomic(file, await reconstructionsPicture(model, { title, images, seed }));
    terminal.say(`${count} ${images.split} images and their reconstructions: ${file}`);
    terminal.document({ file, count, ...imagesDocument(images), seed });
  });
}
