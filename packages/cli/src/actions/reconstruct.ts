import type { CommonFlags, ImagesFlags } from "../commands/shared.js";
import type { CliContext } from "../context.js";
import { expectImages } from "../data/image-set.js";
import { writeFileAtomic } from "../run/atomic.js";
import { expectPlaceFor, runPaths } from "../run/folder.js";
import { reconstructionsPicture } from "../run/pictures.js";
import { imagesDocument } from "../run/report.js";
import { formatCount } from "../ui/format.js";
import { createTerminal } from "../ui/terminal.js";
import { expectImageRun, imagesFor, withModel } from "./open-run.js";

export type ReconstructFlags = CommonFlags &
  Omit<ImagesFlags, "limit"> & { count?: number; seed?: number; out?: string };

export async function reconstruct(this: CliContext, flags: ReconstructFlags, folder: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, count = 15, seed = 0 } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  const file = flags.out ?? runPaths(folder).reconstructions;
  if (flags.out !== undefined) expectPlaceFor(flags.out);
  await withModel(folder, flags, terminal, async (model, run) => {
    expectImageRun(
      run,
      "flowify reconstruct works on images",
      `flowify sample ${folder} --out rows.csv samples rows`,
    );
    const chosen = await imagesFor(run, { ...flags, limit: count }, "--count");
    const images = expectImages(chosen, "flowify reconstruct");
    const title = `${run.config.network} after ${formatCount(run.step)} steps: reconstructions of ${images.split} images`;
    await writeFileAtomic(file, await reconstructionsPicture(model, { title, images, seed }));
    terminal.say(`${count} ${images.split} images and their reconstructions: ${file}`);
    terminal.document({ file, count, ...imagesDocument(images), seed });
  });
}
