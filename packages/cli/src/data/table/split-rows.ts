import { DataError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { placesOf } from "../../rows.js";
import { countOf } from "../../ui/format.js";

/** Rows that a table needs: some to learn from, some to stop by, some to calibrate with. */
const FEWEST = 20;

/** Below so many, figures are rough. */
const FEW = 100;

/** A tenth of the rows is for the test, at least so many where they are at most this part: p-values are steps of 1/(n + 1). */
const TEST = { part: 1 / 10, least: 200, most: 1 / 5 } as const;

const SEED = 0;

const testRows = (count: number): number =>
  Math.max(1, Math.round(TEST.part * count), Math.min(TEST.least, Math.floor(TEST.most * count)));

/**
 * Which of the rows that follow each other in time belong to a split, by the series of each. The last ones of each series are
 * held out: the same share of all, and at least as many as are forecast.
 */
export function rowsOfSeries(
  series: ArrayLike<number>,
  split: "train" | "test",
  { horizon }: Readonly<{ horizon: number }>,
): Uint32Array {
  const share = testRows(series.length) / series.length;
  const places = placesOf(series);
  const isTest = new Uint8Array(series.length);
  for (const own of places.values())
    for (const place of own.slice(-Math.max(Math.round(share * own.length), horizon))) isTest[place] = 1;
  return Uint32Array.from(isTest.keys()).filter((place) => (isTest[place] === 1) === (split === "test"));
}

/**
 * Which rows of a table belong to a split. Drawn in a random order: files are often sorted, and held-out rows must be like the
 * others.
 */
export function rowsOfSplit(count: number, split: "train" | "test"): Uint32Array {
  const order = permutation(makeRng(SEED), count);
  return split === "test" ? order.subarray(0, testRows(count)) : order.subarray(testRows(count));
}

/**
 * @returns what to know of so few rows, a line
 * @throws DataError where there are too few for training and test
 */
export function expectEnough(path: string, count: number): string[] {
  if (count < FEWEST)
    throw new DataError(
      `${path}: ${countOf(count, "row")}, expected at least ${FEWEST} to train on and to test\nadd rows`,
    );
  return count < FEW ? [`${path}: only ${count} rows: what is learned from them is rough`] : [];
}
