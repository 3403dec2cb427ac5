import { type FittedNormal, fitMixture } from "./fit-mixture.js";

/** Nats by which normals of other classes are less likely at first. */
const FAR = 6;

/** Rows for each normal below which a class is fitted to the rows of all: one or two rows have no spread. */
const FEWEST = 10;

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
): FittedNormal[] {
  const fitted: FittedNormal[] = [];
  for (let label = 0; label < classes; label++) {
    const own = rows.filter((_, r) => labels[r] === label);
    const share = Math.floor(((label + 1) * K) / classes) - Math.floor((label * K) / classes);
    const normals = fitMixture(own.length < FEWEST * share ? rows : own, share);
    const line = Float64Array.from({ length: classes }, (_, c) => (c === label ? 0 : -FAR));
    fitted.push(...normals.map((each) => ({ ...each, line })));
  }
  return fitted;
}
