import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { lagName } from "../data/table/ordered-table.js";
import type { ColumnSchema } from "../data/table/schema.js";
import { gridName, zeroName } from "../data/table/series-units.js";
import { rowsOfSeries, rowsOfSplit } from "../data/table/split-rows.js";
import { valueAt } from "../places.js";
import { takeRows } from "../rows.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { fillOf } from "../tables/columns/number.js";
import type { Cells } from "./cells.js";
import { columnNamed, kindOf, type Prediction, zeroOf } from "./columns.js";
import { featureOf, type GivenFeatures, givenFeatures } from "./features.js";
import { type Regression, repeatRows } from "./regression.js";

/** The models of one column: of its values, and where many rows share some of them, of which one it is, if any. */
export type TargetModels = Readonly<{ value: Regression; atom?: Regression }>;

/** A column that is predicted: from the given columns and the predicted ones before it, by the chain rule. */
export type TargetInTable = ReturnType<typeof kindOf> &
  Readonly<{
    name: string;
    column: ColumnSchema;
    /** The place of its number in an encoded row. */
    place: number;
    /** The columns that it is predicted from: their places, and the numbers that flows see of them. */
    from: readonly number[];
    features: GivenFeatures;
    /**
     * Where rows follow each other in time: the place of the last value, and its number among the features. Flows learn the
     * step from it, as likely as the value.
     */
    last: number;
    level: number;
    /** Of whole numbers of several series, the number among the features that says how far apart two of them are, else −1. */
    grid: number;
    /** Where no value of training is below zero, what stands for zero: a number, or of several series one among the features. */
    zero: number | undefined;
    zeroFeature: number;
  }>;

/** The columns of a prediction in the rows of its table. */
export function targetsOf({ schema, predict, given }: Prediction): TargetInTable[] {
  const own = ownColumns(tableColumns(schema));
  const placeOf = (name: string): number => own.find((column) => column.name === name)?.place ?? -1;
  const isMeasured = (name: string): boolean =>
    schema.order?.series?.measured.some((each) => each.name === name) ?? false;
  return predict.map((name, i) => {
    const from = [...given, ...predict.slice(0, i)];
    // a weekday follows from its date and has no number in an encoded row
    const places = from.map(placeOf).filter((place) => place >= 0);
    const column = columnNamed(schema, name);
    const found = kindOf(column);
    const isStep = schema.order !== undefined && found.kind.classes === undefined;
    return {
      ...found,
      column,
      last: isStep ? placeOf(lagName(name, 1)) : -1,
      level: isStep ? featureOf(schema, from)(lagName(name, 1)) : -1,
      grid: featureOf(schema, from)(gridName(name)),
      zero: isMeasured(name) ? undefined : zeroOf(column),
      zeroFeature: featureOf(schema, from)(zeroName(name)),
      name,
      place: placeOf(name),
      from: places,
      features: givenFeatures(schema, from),
    };
  });
}

/** Numbers of an encoded row. */
export const widthOf = ({ schema }: Prediction): number => ownColumns(tableColumns(schema)).length;

/** The columns of an encoded row that name its series: their places, and how many values are known of each. */
export const keysOfSeries = ({ schema }: Prediction): { place: number; known: number }[] =>
  ownColumns(tableColumns(schema)).flatMap(({ name, place, found }) =>
    schema.order?.series?.columns.includes(name) ? [{ place, known: found.values?.length ?? 0 }] : [],
  );

/** Which series each of the encoded rows [n, width] is of, a number each; of the only one 0. */
export function seriesCodes(prediction: Prediction, rows: Float32Array): Float64Array {
  const [width, keys] = [widthOf(prediction), keysOfSeries(prediction)];
  return Float64Array.from({ length: rows.length / width }, (_, i) =>
    keys.reduce((code, { place, known }) => code * (known + 1) + valueAt(rows, i * width + place), 0),
  );
}

/** Encoded rows [n, width] of a part of a table, their places in it, and how many lack a value to predict: those are in neither part. */
export function rowsOfPart(
  prediction: Prediction,
  encoded: Float32Array,
  part: "train" | "test",
): { rows: Float32Array; places: number[]; lacking: number } {
  const width = widthOf(prediction);
  const count = encoded.length / width;
  const targets = targetsOf(prediction).map(({ place }) => place);
  const known = Array.from({ length: count }, (_, row) => row).filter((row) =>
    targets.every((place) => !Number.isNaN(encoded[row * width + place])),
  );
  const { order } = prediction.schema;
  const split = order
    ? rowsOfSeries(seriesCodes(prediction, takeRows(encoded, width, known)), part, order)
    : rowsOfSplit(known.length, part);
  const places = Array.from(split, (i) => known[i] as number);
  return { rows: takeRows(encoded, width, places), places, lacking: count - known.length };
}

/** The numbers of some columns of rows [n, width]. */
export function pickColumns(rows: Float32Array, width: number, places: readonly number[]): Float32Array {
  const out = new Float32Array((rows.length / width) * places.length);
  for (let i = 0; i < out.length; i++)
    out[i] = valueAt(rows, Math.floor(i / places.length) * width + valueAt(places, i % places.length));
  return out;
}

/** What is subtracted from the values of a target: the last ones where rows follow each other in time, else nothing. */
export function lastValues({ last, column }: TargetInTable, rows: Float32Array, width: number): Float32Array {
  if (last < 0) return new Float32Array(rows.length / width);
  const fill = fillOf(column);
  return pickColumns(rows, width, [last]).map((value) => (Number.isNaN(value) ? fill : value));
}

/** How far apart two whole numbers of several series are, in each of the rows that flows see. */
export const gridWidths = (
  { grid, features: { width } }: TargetInTable,
  condition: Float32Array,
): Float32Array | undefined => (grid < 0 ? undefined : pickColumns(condition, width, [grid]));

/** The least that a target may be, in each of the rows that flows see: zero, where training had nothing below. */
const leastOf =
  (
    { zero = Number.NEGATIVE_INFINITY, zeroFeature, features: { width } }: TargetInTable,
    condition: Float32Array,
  ): ((row: number) => number) =>
  (row) =>
    zeroFeature < 0 ? zero : valueAt(condition, row * width + zeroFeature);

/** The place of a value among the atoms of a column from 1 on, 0 for all others. */
export const atomOf = ({ atoms }: TargetInTable, value: number): number => atoms.indexOf(value) + 1;

/** True where a value is missing, or one that training did not have: columns behind it have no log p then. */
const isUnknown = ({ kind: { classes = Number.POSITIVE_INFINITY } }: TargetInTable, value: number): boolean =>
  Number.isNaN(value) || value >= classes;

/** What a table's columns may be, given others: all targets together, p(a, b | x) = p(a | x) p(b | x, a). */
export class TableRegression {
  readonly prediction: Prediction;
  readonly targets: readonly TargetInTable[];
  readonly models: readonly TargetModels[];
  readonly #width: number;

  constructor(prediction: Prediction, models: readonly TargetModels[]) {
    this.prediction = prediction;
    this.targets = targetsOf(prediction);
    this.models = models;
    this.#width = widthOf(prediction);
  }

  /**
   * Draws of the targets of encoded rows [n, width], whose own numbers of the targets are not looked at: for each target
   * [n · each], in encoded numbers. Draw s of all targets belong together.
   */
  async draws(rows: Float32Array, each: number, seed: number): Promise<Float64Array[]> {
    return this.drawInto(repeatRows(rows, this.#width, each), each, seed);
  }

  /** The same of rows that differ among the `each` of a group: each row of [n · each, width] gets its own values. */
  async drawInto(rows: Float32Array, each: number, ...seeds: number[]): Promise<Float64Array[]> {
    const width = this.#width;
    const out: Float64Array[] = [];
    for (const [t, target] of this.targets.entries()) {
      const condition = await target.features.of(pickColumns(rows, width, target.from));
      const last = lastValues(target, rows, width);
      const drawn = await drawTarget(target, this.#modelsOf(t), { condition, last }, each, (row) =>
        // the first target takes its levels in order, the others in one that has nothing to do with it
        t === 0 ? undefined : makeRng(...seeds, t, row),
      );
      for (let i = 0; i < drawn.length; i++) rows[i * width + target.place] = valueAt(drawn, i);
      out.push(drawn);
    }
    return out;
  }

  /** The probabilities of the first target, [n · classes], if it has classes: without samples, as nothing stands before it. */
  async firstProbabilities(rows: Float32Array): Promise<Float64Array | undefined> {
    const target = this.targets[0] as TargetInTable;
    if (target.kind.classes === undefined) return undefined;
    const condition = await target.features.of(pickColumns(rows, this.#width, target.from));
    return this.#modelsOf(0).value.probabilitiesFlat(condition);
  }

  /** log p of the targets of encoded rows [n, width], for each target given those before it: [n], NaN where it is missing, or one of those missing or new. */
  async logProb(rows: Float32Array): Promise<Float64Array[]> {
    const width = this.#width;
    const out: Float64Array[] = [];
    for (const [t, target] of this.targets.entries()) {
      const condition = await target.features.of(pickColumns(rows, width, target.from));
      const values = pickColumns(rows, width, [target.place]);
      const last = lastValues(target, rows, width);
      const unknown = this.targets.slice(0, t).map((each) => {
        const own = pickColumns(rows, width, [each.place]);
        return (row: number): boolean => isUnknown(each, valueAt(own, row));
      });
      const known = values.map((value, row) => (unknown.some((of) => of(row)) ? Number.NaN : value));
      out.push(await logTarget(target, this.#modelsOf(t), known, { condition, last }));
    }
    return out;
  }

  #modelsOf(t: number): TargetModels {
    return this.models[t] as TargetModels;
  }

  async dispose(): Promise<void> {
    for (const { value, atom } of this.models) {
      await value.dispose();
      await atom?.dispose();
    }
  }
}

/** What flows see, [n · width], and what is subtracted from the values. */
type Given = Readonly<{ condition: Float32Array; last: Float32Array }>;

async function drawTarget(
  target: TargetInTable,
  { value, atom }: TargetModels,
  { condition, last }: Given,
  each: number,
  rngOf: (row: number) => ReturnType<typeof makeRng> | undefined,
): Promise<Float64Array> {
  const orders = new Map<number, ArrayLike<number>>();
  const order = (row: number): ArrayLike<number> => {
    const rng = rngOf(row);
    const found = orders.get(row) ?? (rng ? permutation(rng, each) : [...new Array(each).keys()]);
    orders.set(row, found);
    return found;
  };
  const steps = await value.drawFlat(condition, each, order);
  const widths = gridWidths(target, condition);
  const least = leastOf(target, condition);
  const values = steps.map((step, i) => {
    const width = widths?.[i];
    const plain = (width === undefined ? step : width * Math.round(step / width)) + valueAt(last, i);
    return Math.max(plain, least(i));
  });
  if (!atom) return values;
  const chosen = await atom.drawFlat(condition, each, (row) => permutation(makeRng(row, each), each));
  return values.map((drawn, i) => target.atoms[(chosen[i] as number) - 1] ?? drawn);
}

/** The width of a cell, in usual steps, below which its mass is the density in its middle times its width. */
export const NARROW = 1e-3;

/** log p of steps: of numbers with cells the masses of these. Float32 does not tell the ends of a narrow cell apart, nor of one far out. */
async function logSteps(
  value: Regression,
  steps: Float32Array,
  given: Float32Array,
  { widths, least }: Cells,
): Promise<Float64Array> {
  if (steps.length === 0) return new Float64Array();
  if (!widths) return value.logProbFlat(steps, given, { least });
  const out = new Float64Array(steps.length).fill(Number.NEGATIVE_INFINITY);
  for (const isCell of [true, false]) {
    const places = [...out.keys()].filter((i) =>
      isCell ? valueAt(widths, i) >= NARROW : out[i] === Number.NEGATIVE_INFINITY,
    );
    if (places.length === 0) continue;
    const [own, wide] = [takeRows(steps, 1, places), takeRows(widths, 1, places)];
    const cells = { widths: wide, least: places.map((i) => least?.[i] ?? false) };
    const logs = await value.logProbFlat(
      own,
      takeRows(given, value.width, places),
      ...(isCell ? [cells] : []),
    );
    for (const [k, i] of places.entries())
      out[i] = valueAt(logs, k) + (isCell ? 0 : Math.log(valueAt(wide, k)));
  }
  return out;
}

async function logTarget(
  target: TargetInTable,
  { value, atom }: TargetModels,
  values: Float32Array,
  { condition, last }: Given,
): Promise<Float64Array> {
  const { width } = target.features;
  const { classes = Number.POSITIVE_INFINITY } = target.kind;
  const out = new Float64Array(values.length).fill(Number.NaN);
  const present = [...values.keys()].filter((i) => !Number.isNaN(values[i]));
  const isUnseen = (i: number): boolean => (values[i] as number) >= classes;
  for (const i of present) if (isUnseen(i)) out[i] = Number.NEGATIVE_INFINITY;
  const known = present.filter((i) => !isUnseen(i));
  if (known.length === 0) return out;
  const atoms = Array.from(takeRows(values, 1, known), (value) => (atom ? atomOf(target, value) : 0));
  const logAtoms = atom
    ? await atom.logProbFlat(Float32Array.from(atoms), takeRows(condition, width, known))
    : undefined;
  const apart = known.filter((_, k) => atoms[k] === 0);
  const given = takeRows(condition, width, apart);
  const steps = Float32Array.from(apart, (i) => (values[i] as number) - (last[i] as number));
  const zero = leastOf(target, given);
  const least = apart.map((i, k) => (values[i] as number) <= zero(k));
  const logs = await logSteps(value, steps, given, { widths: gridWidths(target, given), least });
  for (const [k, i] of known.entries()) out[i] = logAtoms?.[k] ?? 0;
  for (const [k, i] of apart.entries()) out[i] = (out[i] as number) + (logs[k] as number);
  return out;
}
