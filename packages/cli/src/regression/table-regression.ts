import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { takeRows } from "../tables/flow-rows.js";
import { columnNamed, type Prediction, type Target, targetOf } from "./columns.js";
import { type GivenFeatures, givenFeatures } from "./features.js";
import type { Regression } from "./regression.js";

/** The models of one column: of its values, and where many rows share some of them, of which one it is, if any. */
export type TargetModels = Readonly<{ value: Regression; atom?: Regression }>;

/** A column that is predicted: from the given columns and the predicted ones before it, by the chain rule. */
export type TargetInTable = Target &
  Readonly<{
    name: string;
    /** The place of its number in an encoded row. */
    place: number;
    /** The columns that it is predicted from: their places, and the numbers that flows see of them. */
    from: readonly number[];
    features: GivenFeatures;
  }>;

/** The columns of a prediction in the rows of its table. */
export function targetsOf({ schema, predict, given }: Prediction): TargetInTable[] {
  const own = ownColumns(tableColumns(schema));
  const placeOf = (name: string): number => own.find((column) => column.name === name)?.place ?? -1;
  return predict.map((name, i) => {
    const from = [...given, ...predict.slice(0, i)];
    // a weekday follows from its date and has no number in an encoded row
    const places = from.map(placeOf).filter((place) => place >= 0);
    const column = own.find((each) => each.name === name);
    return {
      ...targetOf(columnNamed(schema, name)),
      name,
      place: column?.place ?? -1,
      from: places,
      features: givenFeatures(schema, from),
    };
  });
}

/** Numbers of an encoded row. */
export const widthOf = ({ schema }: Prediction): number => ownColumns(tableColumns(schema)).length;

/** Encoded rows [n, width] of a part of a table, and how many lack a value to predict: those are in neither part. */
export function rowsOfPart(
  prediction: Prediction,
  encoded: Float32Array,
  part: "train" | "test",
): { rows: Float32Array; lacking: number } {
  const width = widthOf(prediction);
  const count = encoded.length / width;
  const places = targetsOf(prediction).map(({ place }) => place);
  const known = Array.from({ length: count }, (_, row) => row).filter((row) =>
    places.every((place) => !Number.isNaN(encoded[row * width + place])),
  );
  const chosen = Array.from(rowsOfSplit(known.length, part), (i) => known[i] as number);
  return { rows: takeRows(encoded, width, chosen), lacking: count - known.length };
}

/** The numbers of some columns of rows [n, width]. */
export function pickColumns(rows: Float32Array, width: number, places: readonly number[]): Float32Array {
  const out = new Float32Array((rows.length / width) * places.length);
  for (let i = 0; i < out.length; i++)
    out[i] = rows[Math.floor(i / places.length) * width + places[i % places.length]!]!;
  return out;
}

/** The place of a value among the atoms of a column from 1 on, 0 for all others. */
export const atomOf = ({ atoms }: Target, value: number): number => atoms.indexOf(value) + 1;

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
    const width = this.#width;
    const n = rows.length / width;
    const repeated = new Float32Array(rows.length * each);
    for (let i = 0; i < n * each; i++) {
      const from = Math.floor(i / each) * width;
      repeated.set(rows.subarray(from, from + width), i * width);
    }
    const out: Float64Array[] = [];
    for (const [t, target] of this.targets.entries()) {
      const condition = await target.features.of(pickColumns(repeated, width, target.from));
      const drawn = await drawTarget(target, this.#modelsOf(t), condition, each, (row) =>
        // the first target takes its levels in order, the others in one that has nothing to do with it
        t === 0 ? undefined : makeRng(seed, t, row),
      );
      for (let i = 0; i < drawn.length; i++) repeated[i * width + target.place] = drawn[i]!;
      out.push(drawn);
    }
    return out;
  }

  /** Of each class target its probabilities given what is given alone, [n · classes]: means over the values that were drawn of the targets before it. */
  async probabilities(
    rows: Float32Array,
    t: number,
    drawn: Float64Array,
    each: number,
  ): Promise<Float64Array> {
    const target = this.targets[t] as TargetInTable;
    const { classes = 0 } = target.kind;
    const n = rows.length / this.#width;
    if (t === 0) {
      const condition = await target.features.of(pickColumns(rows, this.#width, target.from));
      return this.#modelsOf(t).value.probabilitiesFlat(condition);
    }
    const out = new Float64Array(n * classes);
    for (let i = 0; i < drawn.length; i++) out[Math.floor(i / each) * classes + drawn[i]!]! += 1 / each;
    return out;
  }

  /** log p of the targets of encoded rows [n, width], for each target given those before it: [n], NaN where one is missing. */
  async logProb(rows: Float32Array): Promise<Float64Array[]> {
    const width = this.#width;
    const out: Float64Array[] = [];
    for (const [t, target] of this.targets.entries()) {
      const condition = await target.features.of(pickColumns(rows, width, target.from));
      const values = pickColumns(rows, width, [target.place]);
      out.push(await logTarget(target, this.#modelsOf(t), values, condition));
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

type Condition = Float32Array;

async function drawTarget(
  target: Target,
  { value, atom }: TargetModels,
  condition: Condition,
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
  const values = await value.drawFlat(condition, each, order);
  if (!atom) return values;
  const chosen = await atom.drawFlat(condition, each, (row) => permutation(makeRng(row, each), each));
  return values.map((drawn, i) => target.atoms[(chosen[i] as number) - 1] ?? drawn);
}

async function logTarget(
  target: TargetInTable,
  { value, atom }: TargetModels,
  values: Float32Array,
  condition: Condition,
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
  const logs =
    apart.length === 0
      ? new Float64Array()
      : await value.logProbFlat(takeRows(values, 1, apart), takeRows(condition, width, apart));
  for (const [k, i] of known.entries()) out[i] = logAtoms?.[k] ?? 0;
  for (const [k, i] of apart.entries()) out[i] = (out[i] as number) + (logs[k] as number);
  return out;
}
