import type { Executor } from "@flowify/core";
import { type ImageSet, imageSize } from "../data/image-set.js";
import { valueAt } from "../places.js";
import { quantile } from "../statistics.js";
import { type Features, inUnitsOf, verdicts } from "./features.js";
import { frechetDistance } from "./frechet.js";
import type { Judge } from "./judge.js";
import { type Nearest, nearestImages } from "./nearest.js";
import { precisionRecall } from "./precision-recall.js";

/** A classifier recognizes an image if a class has a probability above this. */
export const SURE = 0.9;

/** Figures of one classifier for images, compared with real ones. */
export type Verdict = Readonly<{
  /** Squared Fréchet distance of the logits, each in units of its standard deviation over the real images. */
  frechet: number;
  precision: number;
  recall: number;
  /** The share of images with a class probability above `SURE`. */
  recognized: number;
}>;

/** A figure of the samples, and the same figure of other real images: the best possible value. */
export type Beside<T> = Readonly<{ samples: T; heldOut: T | undefined }>;

export type Quality = Readonly<{
  /** Samples, and as many real images. */
  count: number;
  judges: readonly Readonly<{ name: string; input: string } & Beside<Verdict>>[];
  /**
   * The share to which all classifiers assign the same class, each with a probability above `SURE`; for at least two
   * classifiers.
   */
  alike: Beside<number> | undefined;
  /** The median distance to the nearest training image, in levels of a pixel (root mean square). */
  nearest: Beside<number>;
  /**
   * The share of samples nearer to a training image than 99 % of held-out images: 0.01 for samples that are not copies.
   */
  copies: number | undefined;
}>;

export type QualityInputs = Readonly<{
  executor: Executor;
  /** Bytes of as many images as `real` has. */
  samples: Uint8Array;
  real: ImageSet;
  /** Other real images for comparison; needs at least two. */
  heldOut: ImageSet | undefined;
  training: ImageSet;
  judges: readonly Judge[];
}>;

/**
 * Compares samples with real images by the features of classifiers, and with the training images by pixels.
 *
 * Source: Heusel et al. 2017 (Fréchet distance); Kynkäänniemi et al. 2019 (precision and recall).
 */
export async function measureQuality({
  executor,
  samples,
  real,
  heldOut,
  training,
  judges,
}: QualityInputs): Promise<{ quality: Quality; nearest: Nearest }> {
  const seen = [];
  for (const judge of judges)
    seen.push({
      judge,
      real: await judge.look(real.images),
      samples: await judge.look(samples),
      heldOut: heldOut && (await judge.look(heldOut.images)),
    });
  const size = imageSize(real.shape);
  const nearest = await nearestImages(executor, samples, training.images, size);
  const others = heldOut && (await nearestImages(executor, heldOut.images, training.images, size));
  const quality: Quality = {
    count: real.count,
    judges: seen.map(({ judge: { name, input }, real: logits, ...sets }) => ({
      name,
      input,
      samples: verdictOn(sets.samples, logits),
      heldOut: sets.heldOut && verdictOn(sets.heldOut, logits),
    })),
    alike:
      judges.length < 2
        ? undefined
        : {
            samples: namedAlike(seen.map((each) => each.samples)),
            heldOut: heldOut && namedAlike(seen.map((each) => each.heldOut as Features)),
          },
    nearest: {
      samples: quantileOf(nearest.distances, 0.5),
      heldOut: others && quantileOf(others.distances, 0.5),
    },
    copies: others && shareBelow(nearest.distances, quantileOf(others.distances, 0.01)),
  };
  return { quality, nearest };
}

function verdictOn(all: Features, real: Features): Verdict {
  const [seen, reference] = [inUnitsOf(real, all), inUnitsOf(real, real)];
  return {
    frechet: frechetDistance(reference, seen),
    ...precisionRecall(reference, seen),
    recognized: verdicts(all).filter(({ probability }) => probability > SURE).length / all.count,
  };
}

function namedAlike(all: readonly Features[]): number {
  const [first = [], ...others] = all.map(verdicts);
  const alike = first.filter(
    ({ label, probability }, i) =>
      probability > SURE &&
      others.every((other) => {
        const found = valueAt(other, i);
        return found.label === label && found.probability > SURE;
      }),
  );
  return alike.length / first.length;
}

const quantileOf = (values: Float64Array, q: number): number => quantile(Float64Array.from(values).sort(), q);

const shareBelow = (values: Float64Array, limit: number): number =>
  values.filter((value) => value < limit).length / values.length;
