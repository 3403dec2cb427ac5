import { bitsPerDimension } from "@flowify/core";
import { readPicture } from "../data/image-files.js";
import { describeImages, expectImages } from "../data/image-set.js";
import { defineCommand, type Running } from "../flags/define.js";
import type { FlagsOf } from "../flags/flag.js";
import {
  argument,
  commonFlags,
  imagesFlags,
  readingOf,
  runFolder,
  seedFlag,
  withoutReading,
} from "../flags/shared.js";
import { expectImageRun, imagesFor, usualReading, withModel } from "../runs/open-run.js";
import { likeliestClasses } from "../scores/over-classes.js";
import { table } from "../ui/format.js";

const flags = { ...imagesFlags, seed: seedFlag("Seed of the noise (default: 0)"), ...commonFlags };

type ExplainFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder, argument("IMAGE", "A picture file")],
  flags,
  help: `Compares the ledger of one image with the ledgers of other images, by default 1,000 test images of
the run. For each layer it prints the contribution in bits per dimension, the average
contribution, and the distance between them in standard deviations.

EXAMPLES
  flowify explain runs/a digit.png
  flowify explain runs/a shoe.png --split train --limit 200`,
  run: explain,
});

/** Number of images for the comparison. */
const TYPICAL = 1000;

/** Standard deviations above which a layer that finds an image likelier is named. */
const STRANGE = 3;

async function explain(
  { terminal }: Running,
  flags: ExplainFlags,
  folder: string,
  file: string,
): Promise<void> {
  const { seed = 0 } = flags;
  await withModel(folder, flags, terminal, async (model, run) => {
    const shape = expectImageRun(
      run,
      "flowify explain works on images",
      `flowify score ${folder} --ledger shows the contribution of each layer for every row`,
    );
    const image = await readPicture(file, shape, { ...usualReading(run), ...readingOf(flags) });
    // the flags for reading a picture do not apply to the run's own images
    const chosen = await imagesFor(run, flags.data === undefined ? withoutReading(flags) : flags);
    const all = expectImages(chosen, "flowify explain");
    const count = Math.min(all.count, TYPICAL);
    const typical = all.images.subarray(0, (all.images.length / all.count) * count);
    const { dimensions } = model.flow;
    const own = await likeliestClasses(model, image, seed);
    const others = own && (all.labels?.subarray(0, count) ?? (await likeliestClasses(model, typical, seed)));
    const given = own && others && { condition: own, others };
    const layers = (await model.explain(image, typical, { seed, ...given })).map(
      ({ layer, nats, mean, std, deviations }) => ({
        layer,
        bpd: bitsPerDimension(nats, dimensions),
        mean: bitsPerDimension(mean, dimensions),
        std: Math.abs(bitsPerDimension(std, dimensions)),
        deviations,
      }),
    );
    const lines = layers.slice(0, -1);
    const most = lines.reduce((a, b) => (b.deviations > a.deviations ? b : a));
    const least = lines.reduce((a, b) => (b.deviations < a.deviations ? b : a));
    const { say, colors } = terminal;
    say(`${file}, compared with ${count} of ${describeImages(all)}: bits per dimension`);
    if (own) say(`given its likeliest class, ${own[0]}; the others given theirs`);
    say();
    const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(3)}`;
    const rows = layers.map(({ layer, bpd, mean, std, deviations }) => [
      layer,
      signed(bpd),
      `${signed(mean)} ± ${std.toFixed(3)}`,
      deviations.toFixed(1),
    ]);
    for (const row of table([["layer", "image", "others", "deviations"], ...rows], [false, true, true, true]))
      say(row);
    say();
    say(
      most.deviations > 0
        ? `${colors.bold(most.layer)} finds it the least likely, by ${most.deviations.toFixed(1)} standard deviations`
        : "no layer finds it less likely than the others",
    );
    if (-least.deviations > Math.max(most.deviations, STRANGE))
      say(
        `${colors.bold(least.layer)} finds it likelier than the others, by ${(-least.deviations).toFixed(1)} standard deviations: as unusual as unlikely`,
      );
    terminal.document({ file, images: count, seed, ...(own && { class: own[0] }), layers });
  });
}
