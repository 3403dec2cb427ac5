import { type FlowModel, UsageError } from "@flowify/core";
import { readRows } from "../../data/table/read-rows.js";
import { rowsOfSplit } from "../../data/table/table-file.js";
import type { RunConfig } from "../../format/config.js";
import { pickRows } from "../score-rows.js";
import { type EncodedColumn, encodedColumns, encodedText, noiseLog } from "./encoded-columns.js";
import type { LogDensity } from "./mean-repair.js";
import { rowReasons } from "./row-reasons.js";

/** Training rows that the usual values and the nearest rows are taken from. */
const MOST_ROWS = 20_000;

/** Columns of less than this part of the largest gain are not to blame. */
const MINOR = 0.1;

/** A column and one of its values, as a table holds it. */
type NamedValue = Readonly<{ name: string; value: string }>;

/** Why a row of a table is unlikely, in the words of the table. */
export type TableReasons = Readonly<{
  /** Columns whose usual values would make the row likelier, the most to blame first, with the gain in nats: at least a tenth of the largest. */
  blamed: readonly (NamedValue & Readonly<{ gain: number }>)[];
  /** Changes that make the row usual; none where three columns are not enough. */
  repair: readonly NamedValue[];
  /** Names of the nearest training rows. */
  nearest: readonly string[];
}>;

/** The arguments and the result of a reasoner of rows, for encoded rows of a table. */
export type TableReasoner = Readonly<{
  columns: readonly EncodedColumn[];
  /** Training rows [n, width], as many as usual values and nearest rows are taken from. */
  training: Float32Array;
  /** log p in nats of the values that are there. */
  density: LogDensity;
  reasonsOf(
    rows: Float32Array,
    own: ArrayLike<number>,
    isUsual: (logProb: number) => boolean,
  ): Promise<TableReasons[]>;
}>;

/**
 * Reasons by the flow of a run, with the usual values in its training rows: its first 20,000 in the order of the split.
 *
 * @throws UsageError for a run that is not of a table; DataError where its table cannot be read any more
 */
export async function tableReasoner(
  model: FlowModel,
  { name, reading, shape }: RunConfig["data"],
): Promise<TableReasoner> {
  if (!reading?.schema)
    throw new UsageError(`${name}: reasons need a run of a table\ntrain one on a CSV file`);
  const width = shape[0];
  const columns = encodedColumns(reading.schema);
  const all = await readRows(name, reading);
  const which = rowsOfSplit(all.count, "train").slice(0, MOST_ROWS);
  const training = pickRows(all, which);
  const density: LogDensity = async (rows) => {
    const logs = await model.logProb(rows);
    return logs.map((log, i) => log - noiseLog(columns, rows.subarray(i * width, (i + 1) * width)));
  };
  const { usual, reasonsOf } = rowReasons(density, training.rows, width, columns);
  const usualText = (place: number, value: number): string => {
    const column = columns[place]!;
    const numbers = usual.columns[place]!.subarray(value * column.width, (value + 1) * column.width);
    return encodedText({ ...column, at: 0 }, numbers);
  };
  return {
    columns,
    training: training.rows,
    density,
    async reasonsOf(rows, own, isUsual) {
      return (await reasonsOf(rows, own, isUsual)).map((reasons, i) => {
        const row = rows.subarray(i * width, (i + 1) * width);
        const named = (place: number): NamedValue => ({
          name: columns[place]!.name,
          value: encodedText(columns[place]!, row),
        });
        return {
          blamed: reasons.columns
            .filter(({ gain }) => gain > 0 && gain >= MINOR * reasons.columns[0]!.gain)
            .map(({ column, gain }) => ({ ...named(column), gain })),
          repair: reasons.repair.map(({ column, value }) => ({
            name: columns[column]!.name,
            value: usualText(column, value),
          })),
          nearest: reasons.nearest.map((place) => training.ids[place] ?? String(which[place]! + 1)),
        };
      });
    },
  };
}

/** `weight = 9.1; carrier = road`. */
export const repairText = ({ repair }: TableReasons): string =>
  repair.map(({ name, value }) => `${name} = ${value}`).join("; ");
