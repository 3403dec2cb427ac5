import { bitsPerDimension, type FlowModel } from "@flowify/core";
import { auroc } from "../auroc.js";
import { type DataSet, describeImages, examplesOf, firstImages, nounOf } from "../data/image-set.js";
import { loadMeasured } from "../data/registry.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, type FlagsOf, text } from "../flags/flag.js";
import {
  commonFlags,
  forceFlag,
  readingOf,
  readingParameters,
  runFolder,
  seedFlag,
  severalArguments,
} from "../flags/shared.js";
import { expectFit } from "../networks/choose.js";
import { histogram } from "../pictures/histogram.js";
import { svgToPng } from "../pictures/png.js";
import { imagesFor, type SavedRun, usualReading, withModel } from "../runs/open-run.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import { imagesDocument } from "../runs/report.js";
import { distancesBy, ledgerDistance } from "../scores/ledger-distance.js";
import { scoresOf } from "../scores/over-classes.js";
import { meanWithError } from "../statistics.js";
import { countOf, formatBpd, table } from "../ui/format.js";
import { unitOf } from "../unit.js";

const flags = {
  samples: count("Samples of the noise per image (default: 1)"),
  limit: count("Only the first N images of each data set"),
  ...readingParameters,
  seed: seedFlag("Seed of the noise (default: 0)"),
  out: text("FILE", "PNG file of the histogram (default: ood.png in the run's folder)"),
  force: forceFlag,
  ...commonFlags,
};

type OodFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  positional: severalArguments("DIR DATA", `${runFolder.brief}, then data sets`, 2),
  flags,
  help: `Scores the test images of the run's data set and those of other data sets. It prints how well each
score separates them: the area under the ROC curve (AUROC), the probability that an image of the other set
has the higher score. 1 separates them perfectly, 0.5 not at all; below 0.5 the other images score
as more typical.

  -log p      unlikely images score high; flows are known to fail with this score alone
  typicality  the distance of -log p from its mean over the training images, in either
              direction (Nalisnick et al. 2019, arXiv:1906.02994, for single images)
  ledger      the distance of all contributions of the layers from those of training images: finds
              images of an ordinary log p too; flowify score --false-alarms has its p-values

DATA is a name or the path of a folder or file of images. ood.png shows a histogram of all scores.

EXAMPLES
  flowify ood runs/mnist-auto fashion-mnist
  flowify ood runs/mnist-auto fashion-mnist kmnist ./notmnist --limit 2000 --json`,
  run: ood,
});

/** Most training images for the mean of -log p. */
const TYPICAL = 5000;

type Scored = Readonly<{
  images: DataSet;
  figures: Float64Array;
  ledgers: Float32Array;
  mean: number;
  stdErr: number;
}>;

async function ood(
  { terminal }: Running,
  flags: OodFlags,
  folder: string,
  ...others: string[]
): Promise<void> {
  const { samples = 1, seed = 0, out = `${folder}/ood.png` } = flags;
  expectFree([out], flags, { inputs: [...inputsOfRun(folder), ...others], own: true });
  await withModel(folder, flags, terminal, async (model, run) => {
    const sets = await setsFor(run, flags, others);
    const results: Scored[] = [];
    for (const images of sets) {
      terminal.note(`scoring ${describeImages(images)}`);
      results.push(await scored(model, images, samples, seed));
    }
    const [typical, own, ...strange] = results as [Scored, Scored, ...Scored[]];
    const unit = unitOf(own.images.shape);
    const fromTypical = ({ figures }: Scored): Float64Array =>
      figures.map((value) => Math.abs(value - typical.mean));
    const { ledgerLines } = model.flow;
    const distances = distancesBy(
      model.executor,
      ledgerDistance(typical.ledgers, ledgerLines.length),
      ledgerLines.length,
    );
    const ownDistances = await distances(own.ledgers);
    const compared = await Promise.all(
      strange.map(async (other) => ({
        ...described(other),
        auroc: {
          logProb: auroc(own.figures, other.figures),
          typicality: auroc(fromTypical(own), fromTypical(other)),
          ledger: auroc(ownDistances, await distances(other.ledgers)),
        },
      })),
    );
    const title = `${run.config.network} after ${countOf(run.step, "step")}: test ${nounOf(own.images)} of ${own.images.name} and other data`;
    const groups = [own, ...strange].map(({ images, figures }) => ({ name: images.name, values: figures }));
    await writeFileAtomic(out, await svgToPng(await histogram(title, unit.name, groups)));
    const rows = [typical, own, ...strange].map(({ images, mean, stdErr }, i) => {
      const areas = compared[i - 2]?.auroc;
      const scores = [areas?.logProb, areas?.typicality, areas?.ledger].map((area) => area?.toFixed(4) ?? "");
      return [describeImages(images, { files: false }), formatBpd(mean, stdErr), ...scores];
    });
    const head = [nounOf(own.images), unit.name, "AUROC -log p", "typicality", "ledger"];
    for (const row of table([head, ...rows], [false, true, true, true, true])) terminal.say(row);
    terminal.say();
    terminal.say(`histogram: ${out}`);
    const [ownPart, typicalPart] = [described(own), described(typical)];
    terminal.document({ own: ownPart, typical: typicalPart, others: compared, samples, seed, file: out });
  });
}

/** Training images of the run, its test images, and the images of the other data sets. */
async function setsFor(run: SavedRun, flags: OodFlags, others: readonly string[]): Promise<DataSet[]> {
  const { limit = Number.POSITIVE_INFINITY } = flags;
  const first = (images: DataSet, most = limit): DataSet => firstImages(images, Math.min(most, images.count));
  const typical = Math.min(TYPICAL, limit);
  const sets = [first(await imagesFor(run, { split: "train" }), typical), first(await imagesFor(run, {}))];
  const reading = readingOf(flags);
  for (const name of others) {
    const images = await loadMeasured({ name, reading, usual: usualReading(run) });
    expectFit(run.network, images);
    sets.push(first(images));
  }
  return sets;
}

const described = ({ images, mean, stdErr }: Scored) => ({
  ...imagesDocument(images),
  examples: images.count,
  [unitOf(images.shape).field]: mean,
  stdErr,
});

async function scored(model: FlowModel, images: DataSet, samples: number, seed: number): Promise<Scored> {
  const figures = new Float64Array(images.count);
  const ledgers = new Float32Array(images.count * model.flow.ledgerLines.length);
  const unit = unitOf(images.shape);
  let done = 0;
  for await (const { logProb, ledger } of scoresOf(model, [examplesOf(images)], { samples, seed })) {
    ledgers.set(ledger, done * model.flow.ledgerLines.length);
    figures.set(
      logProb.map((nats) => unit.of({ nats, bpd: bitsPerDimension(nats, model.flow.dimensions) })),
      done,
    );
    done += logProb.length;
  }
  return { images, figures, ledgers, ...meanWithError(figures) };
}
