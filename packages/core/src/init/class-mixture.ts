import type { HostData } from "../params/host-array.js";
import { type FittedNormal, fitMixture } from "./fit-mixture.js";

/** A normal distribution of a mixture, and the class whose rows it was fitted to. */
export type ClassNormal = FittedNormal & Readonly<{ label: number }>;

/** Rows for each normal below which a class is fitted to the rows of all: one or two rows have no spread. */
const FEWEST = 10;

/**
 * K normal distributions, some for each class, fitted to the rows of the class alone; their weights add up to 1 in each.
 *
 * @param labels the class of each row, 0 to `classes` − 1
 * @param K at least `classes`
 */
export async function fitClassMixture(
  rows: readonly Float64Array[],
  labels: HostData,
  classes: number,
  K: number,
): Promise<ClassNormal[]> {
  const fitted: ClassNormal[] = [];
  for (let label = 0; label < classes; label++) {
    const own = rows.filter((_, r) => labels[r] === label);
    const share = Math.floor(((label + 1) * K) / classes) - Math.floor((label * K) / classes);
    const normals = await fitMixture(own.length < FEWEST * share ? rows : own, share);
    fitted.push(...normals.map((each) => ({ ...each, label })));
  }
  return fitted;
}
