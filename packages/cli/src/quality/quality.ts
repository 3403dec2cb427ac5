import type { Executor } from "@flowify/core";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type ImageSet, imageSize } from "../data/image-set.js";
import { valueAt } from "../places.js";
import { quantile } from "../statistics.js";
import { columnScale, type Features, inUnitsOf, verdicts } from "./features.js";
import type { Judge } from "./judge.js";
import { type Nearest, nearestImages } from "./nearest.js";

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

/** k: a ball around a point extends to its k-th nearest neighbour. */
const NEIGHBOURS = 3;

/**
 * Precision: the share of samples that lie in the support of the real features; recall: the share of real features that
 * lie in the support of the samples. The support of a set is the union of balls around its points, each as far as the
 * third nearest neighbour.
 *
 * Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991), equations 1 and 2.
 */
export function precisionRecall(real: Features, samples: Features): { precision: number; recall: number } {
  return { precision: shareInside(real, samples), recall: shareInside(samples, real) };
}

/** The share of `points` inside of the support of `set`. */
function shareInside(set: Features, points: Features): number {
  const radii = Float64Array.from({ length: set.count }, (_, i) => radiusAround(set, i));
  let inside = 0;
  for (let i = 0; i < points.count; i++)
    if (radii.some((radius, j) => squaredDistance(points, i, set, j) <= radius)) inside++;
  return inside / points.count;
}

/** The squared distance from a point to its third nearest neighbour in the set, of which it is itself the nearest. */
function radiusAround(set: Features, i: number): number {
  const distances = Float64Array.from({ length: set.count }, (_, j) => squaredDistance(set, i, set, j));
  return distances.sort()[NEIGHBOURS] ?? Number.POSITIVE_INFINITY;
}

function squaredDistance(a: Features, i: number, b: Features, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.size; k++) sum += (a.rows[i * a.size + k]! - b.rows[j * b.size + k]!) ** 2;
  return sum;
}

/**
 * The squared Fréchet distance of Gaussians fitted to two sets of features:
 *
 *     |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½)
 *
 * Zero for equal moments; finite sets from the same distribution have a positive distance, which decreases with their
 * size.
 *
 * Source: Heusel et al. 2017 (arXiv:1706.08500), equation 6.
 */
export function frechetDistance(a: Features, b: Features): number {
  const [{ mean: meanA }, { mean: meanB }] = [columnScale(a), columnScale(b)];
  const [covA, covB] = [covariance(a, meanA), covariance(b, meanB)];
  const between = meanA.reduce((sum, value, i) => sum + (value - valueAt(meanB, i)) ** 2, 0);
  const root = squareRoot(covA);
  const cross = new EigenvalueDecomposition(root.mmul(covB).mmul(root), { assumeSymmetric: true });
  const overlap = cross.realEigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  return Math.max(0, between + covA.trace() + covB.trace() - 2 * overlap);
}

function covariance({ rows, count, size }: Features, mean: Float64Array): Matrix {
  const centred = Matrix.from1DArray(count, size, Array.from(rows)).subRowVector(Array.from(mean));
  return centred.transpose().mmul(centred).div(count);
}

/** The symmetric square root of a covariance. */
function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix: v } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(value, 0))));
  return v.mmul(roots).mmul(v.transpose());
}
