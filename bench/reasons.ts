import { join } from "node:path";
import { type Executor, UsageError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { arrayColumns, fitDetector, openDetector } from "flowify/tables";
import { surveyColumns } from "../packages/cli/src/data/column-survey.js";
import { calibrationOf, conformalP } from "../packages/cli/src/detect/calibration.js";
import { meanRepairs, usualValues } from "../packages/cli/src/detect/reasons/repairs.js";
import { withExecutor } from "../packages/cli/src/executors.js";
import { ascendingPlaces, rowsIn, takeRows } from "../packages/cli/src/rows.js";
import { meanOf } from "../packages/cli/src/statistics.js";
import { labelledSets, readLabelledRows } from "./labelled-sets.js";
import { print, say } from "./processes.js";

/** Sets of rows that a column of can be swapped in: enough rows to calibrate by, enough columns to choose from. */
const SETS = { count: 8, rows: 1000, columns: { least: 4, most: 40 } } as const;

/** Rows that are swapped at most, and those of them whose reasons are found whether they are flagged or not. */
const SWAPPED = { most: 1000, all: 200 } as const;

/** Rows are flagged by −log p, at this probability of a false alarm. */
const FALSE_ALARMS = 0.01;

/** How often the swapped column was named first, and how often among three, in percent of rows. */
type Share = Readonly<{ rows: number; first: number; three: number }>;
type SetReasons = Readonly<{
  set: string;
  seed: number;
  columns: number;
  /** Rows that are flagged after the swap, and were not before it. */
  flagged: Share;
  /** Rows whatever the swap does: many a value hardly differs from the old one. */
  all: Share;
  /** The flagged rows by the deviation of each column alone. */
  deviation: Share;
}>;

type Rows = Readonly<{ name: string; rows: Float32Array; count: number; width: number }>;

/** The normal rows of the smallest sets that have enough of them. */
async function chosenSets(folder: string): Promise<Rows[]> {
  const chosen: Rows[] = [];
  for (const name of labelledSets(folder)) {
    if (chosen.length === SETS.count) break;
    const { rows, labels, width } = await readLabelledRows(join(folder, name));
    const normal = Array.from(labels.keys()).filter((i) => labels[i] === 0);
    if (normal.length < SETS.rows || width < SETS.columns.least || width > SETS.columns.most) continue;
    chosen.push({ name, rows: takeRows(rows, width, normal), count: normal.length, width });
  }
  if (chosen.length === 0) throw new UsageError(`--reasons ${folder}: holds no set with enough normal rows`);
  return chosen;
}

/** Rows in which one column has the value of another row; the column of each. */
export function swapOneColumn(
  rows: Float32Array,
  width: number,
  seed: number,
): { swapped: Float32Array; columns: number[] } {
  const count = rows.length / width;
  const rng = makeRng(seed, 2);
  const swapped = rows.slice(0, SWAPPED.most * width);
  const columns = Array.from({ length: swapped.length / width }, (_, i) => {
    const column = rng.integer(width);
    swapped[i * width + column] = rows[rng.integer(count) * width + column]!;
    return column;
  });
  return { swapped, columns };
}

/** @param ranks the columns of each row, the most to blame first */
export function shareOf(ranks: readonly (readonly number[])[], swapped: readonly number[]): Share {
  const places = ranks.map((columns, i) => columns.indexOf(swapped[i]!));
  const percent = (below: number): number =>
    (100 * places.filter((place) => place < below).length) / places.length;
  return { rows: places.length, first: percent(1), three: percent(3) };
}

/** Half of the normal rows train, a quarter calibrates, in the last quarter a column of each row is swapped. */
async function benchSet(executor: Executor, set: Rows, seed: number): Promise<SetReasons> {
  const { name, rows, count, width } = set;
  const order = permutation(makeRng(seed), count);
  const [half, quarter] = [count >> 1, (3 * count) >> 2];
  const training = takeRows(rows, width, order.subarray(0, half));
  const open = await openDetector(
    executor,
    await fitDetector(executor, training, arrayColumns(width), { seed }),
  );
  try {
    const surprise = async (each: Float32Array): Promise<Float64Array> =>
      (await open.score(each, ["flow"])).flow;
    const held = takeRows(rows, width, order.subarray(half, quarter));
    const calibration = calibrationOf(0, await surprise(held));
    const isFlagged = (score: number): boolean => conformalP(calibration, score) <= FALSE_ALARMS;
    const originals = takeRows(rows, width, order.subarray(quarter));
    const { swapped, columns } = swapOneColumn(originals, width, seed);
    const [before, after] = [await surprise(originals.subarray(0, swapped.length)), await surprise(swapped)];
    const density = async (each: Float32Array) => (await surprise(each)).map((nats) => -nats);
    const ranksOf = async (which: readonly number[]): Promise<number[][]> => {
      const own = takeRows(swapped, width, which);
      const repairs = await meanRepairs(density, own, await density(own), usualValues(training, width));
      return repairs.map((each) => ascendingPlaces(each.map(({ gain }) => -gain)));
    };
    const every = Array.from(columns.keys());
    const flagged = every.filter((i) => isFlagged(after[i]!) && !isFlagged(before[i]!));
    const some = every.slice(0, SWAPPED.all);
    const deviations = deviationRanks(training, takeRows(swapped, width, flagged), width);
    const of = (which: readonly number[]): number[] => which.map((i) => columns[i]!);
    return {
      set: name,
      seed,
      columns: width,
      flagged: shareOf(await ranksOf(flagged), of(flagged)),
      all: shareOf(await ranksOf(some), of(some)),
      deviation: shareOf(deviations, of(flagged)),
    };
  } finally {
    await open.dispose();
  }
}

/** The columns of each row by |x − mean| / std, the largest first. */
function deviationRanks(training: Float32Array, rows: Float32Array, width: number): number[][] {
  const columns = surveyColumns({ rows: training, count: training.length / width, shape: [width] });
  return rowsIn(rows, width).map((row) => {
    const z = columns.map(({ mean, std }, column) => Math.abs(row[column]! - mean) / (std || 1));
    return Array.from(z.keys()).sort((a, b) => z[b]! - z[a]!);
  });
}

const show = ({ rows, first, three }: Share): string =>
  `${first.toFixed(0)} % first, ${three.toFixed(0)} % within three of ${rows} rows`;

/** The mean of shares, a set each. */
const meanShare = (shares: readonly Share[]): Share => ({
  rows: shares.reduce((sum, { rows }) => sum + rows, 0),
  first: meanOf(shares.map(({ first }) => first)),
  three: meanOf(shares.map(({ three }) => three)),
});

/** Swaps one column of rows and counts how often it is named: a line of JSON for each set, lines for people on standard error. */
export async function benchReasons(folder: string, seed: number): Promise<void> {
  const results = await withExecutor({}, { warn: say }, async (executor) => {
    const found: SetReasons[] = [];
    for (const set of await chosenSets(folder)) {
      const result = await benchSet(executor, set, seed);
      found.push(result);
      print(result);
      say(`${set.name}: flagged ${show(result.flagged)}; all ${show(result.all)}`);
    }
    return found;
  });
  for (const kind of ["flagged", "all", "deviation"] as const)
    say(`mean, ${kind}: ${show(meanShare(results.map((each) => each[kind])))}`);
}
