import type { HostArray } from "../params/host-array.js";
import { type FittedNormal, fitMixture } from "./fit-mixture.js";

/** A normal distribution of a mixture, and the class whose rows it was fitted to. */
export type ClassNormal = FittedNormal & Readonly<{ label: number }>;

/** Rows for each normal below which a class is fitted to the rows of all: one or two rows have no spread. */
const FEWEST = 10;

/** The class of each row of a condition [N, m], or undefined where rows are not 0 but for a single 1. */
function labelsOf({ data, shape: [count = 0, classes = 0] }: HostArray): Uint16Array | undefined {
  const labels = new Uint16Array(count);
  for (let r = 0; r < count; r++) {
    const row = data.subarray(r * classes, (r + 1) * classes);
    labels[r] = row.indexOf(1);
    if (!row.every((v, k) => v === (k === labels[r] ? 1 : 0))) return undefined;
  }
  return labels;
}

/**
 * K normal distributions, some for each class, fitted to the rows of the class alone; their weights add up to 1 in each.
 *
 * @param given a condition of each row, [N, m]
 * @returns undefined where it is no class, or where there are more classes than K
 */
export async function fitClassMixture(
  rows: readonly Float64Array[],
  given: HostArray,
  K: number,
): Promise<ClassNormal[] | undefined> {
  const [, classes = 0] = given.shape;
  const labels = labelsOf(given);
  if (!labels || classes > K) return undefined;
  const fitted: ClassNormal[] = [];
  for (let label = 0; label < classes; label++) {
    const own = rows.filter((_, r) => labels[r] === label);
    const share = Math.floor(((label + 1) * K) / classes) - Math.floor((label * K) / classes);
    const normals = await fitMixture(own.length < FEWEST * share ? rows : own, share);
    fitted.push(...normals.map((each) => ({ ...each, label })));
  }
  return fitted;
}
