import type { Executor } from "@flowify/core";
import { auroc } from "../auroc.js";
import { neighbourDistances } from "../detect/knn.js";
import { meanOf } from "../statistics.js";

/** How well features tell corrupted examples: AUROC by corruption. */
export type Trial = Readonly<{ features: string; aurocs: Readonly<Record<string, number>>; mean: number }>;

/** The AUROC of distances to the nearest of some training rows: what features are worth before a detector is fitted. */
export async function trial(
  executor: Executor,
  features: string,
  width: number,
  rows: Readonly<{
    training: Float32Array;
    usual: Float32Array;
    corrupted: ReadonlyMap<string, Float32Array>;
  }>,
): Promise<Trial> {
  const distances = (of: Float32Array) => neighbourDistances(executor, rows.training, of, width);
  const usual = await distances(rows.usual);
  const aurocs: { [corruption: string]: number } = {};
  for (const [name, each] of rows.corrupted) aurocs[name] = auroc(usual, await distances(each));
  return { features, aurocs, mean: meanOf(Object.values(aurocs)) };
}
