import type { HostArray } from "../params/host-array.js";
import { type FittedNormal, fitMixture, type MixtureFit } from "./fit-mixture.js";
import { nearestCentres } from "./k-means.js";

/** Nats by which normals of other classes are less likely at first: they hold a few samples of a million. */
const OTHERS = 16;

/** Nats by which normals of other groups of conditions are about less likely at first: groups pass into each other. */
const FAR = 6;

/** Rows for each normal below which a class is fitted to the rows of all: one or two rows have no spread. */
const FEWEST = 10;

/** Normals of each group of rows whose conditions are near to each other. */
const NORMALS = 2;

/**
 * K normal distributions, some for each class, fitted to the rows of the class alone; their weights add up to 1 in each.
 *
 * @param labels the class of each row, 0 to `classes` − 1
 * @param K at least `classes`
 */
export function fitClassMixture(
  rows: readonly Float64Array[],
  labels: Int32Array,
  classes: number,
  K: number,
  how?: MixtureFit,
): FittedNormal[] {
  const fitted: FittedNormal[] = [];
  for (let label = 0; label < classes; label++) {
    const own = rows.filter((_, r) => labels[r] === label);
    const share = Math.floor(((label + 1) * K) / classes) - Math.floor((label * K) / classes);
    const normals = fitMixture(own.length < FEWEST * share ? rows : own, share, how);
    const line = Float64Array.from({ length: classes }, (_, c) => (c === label ? 0 : -OTHERS));
    fitted.push(...normals.map((each) => ({ ...each, line })));
  }
  return fitted;
}

const squaredDistance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);

/**
 * K normal distributions for rows whose conditions are numbers: the conditions are grouped by k-means, and a group is a class.
 * How likely a group is given a condition follows from normals of one spread v around its centres m (linear discriminant analysis):
 *
 *     log P(group | c) = log P(group) + (m · c − |m|² / 2) / v + a number for all groups
 *
 * Undefined where all conditions are the same.
 *
 * Source: Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, section 4.3.
 */
export function fitGroupedMixture(
  rows: readonly Float64Array[],
  { data, shape: [count = 0, width = 0] }: HostArray,
  K: number,
): FittedNormal[] | undefined {
  const conditions = Array.from({ length: count }, (_, r) =>
    Float64Array.from(data.subarray(r * width, (r + 1) * width)),
  );
  const groups = Math.floor(K / NORMALS);
  const labels = nearestCentres(conditions, groups);
  const [counts, centres] = [
    new Float64Array(groups),
    Array.from({ length: groups }, () => new Float64Array(width)),
  ];
  for (const [r, label] of labels.entries()) {
    counts[label]!++;
    for (let i = 0; i < width; i++) centres[label]![i]! += conditions[r]![i]!;
  }
  for (const [g, centre] of centres.entries())
    for (let i = 0; i < width; i++) centre[i]! /= Math.max(counts[g]!, 1);
  const within =
    conditions.reduce((sum, c, r) => sum + squaredDistance(c, centres[labels[r]!]!), 0) / (count * width);
  const nearest = centres.map((centre, g) =>
    Math.min(...centres.filter((_, other) => other !== g).map((other) => squaredDistance(centre, other))),
  );
  const spread = Math.max(within, nearest.reduce((a, b) => a + b, 0) / groups / (2 * FAR));
  if (!(spread > 0)) return undefined;
  return fitClassMixture(rows, labels, groups, K).map((normal) => {
    const group = normal.line.indexOf(0);
    const centre = centres[group]!;
    const offset = -squaredDistance(centre, new Float64Array(width)) / (2 * spread);
    const share = (counts[group]! + 1) / (count + groups);
    return {
      ...normal,
      weight: normal.weight * share * Math.exp(offset),
      line: centre.map((m) => m / spread),
    };
  });
}
