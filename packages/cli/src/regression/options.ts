import { DataError, type Executor, type FlowModel, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { countOf } from "../ui/format.js";
import type { ValueKind } from "./network.js";

/** A row of numbers for each value; a list of numbers has rows of one. */
export type Rows = readonly ArrayLike<number>[] | ArrayLike<number>;

export type RegressionOptions = ValueKind & {
  /** What is known of each example: a row of numbers. */
  given: Rows;
  values: ArrayLike<number>;
  /** Flows whose mixture is the prediction. Default 5 below 2,000 examples, 3 below 20,000, else 1. */
  ensemble?: number;
  /** The examples follow each other in time: each flow holds out a stretch of them, the first flow the last tenth. Default false. */
  ordered?: boolean;
  /** Steps of each flow at most; training ends before where held-out examples say so. Default by the number of examples. */
  steps?: number;
  seed?: number;
  /** Where to compute. Default: ONNX Runtime. */
  executor?: Executor;
  /** Members that are trained already, the first ones. */
  before?: readonly FlowModel[];
  /** Looked at after each step: training ends where it is aborted. */
  signal?: Readonly<{ aborted: boolean }>;
  /** Called with how far training is, from 0 to 1. */
  onProgress?: (done: number) => void;
  /** Called with each trained member. */
  onMember?: (model: FlowModel, member: number) => Promise<void>;
};

const schemas = {
  given: o.anything,
  values: o.anything,
  step: o.positive,
  classes: o.integer(2),
  ensemble: o.integer(1),
  ordered: o.flag,
  steps: o.integer(1),
  seed: o.seed,
  executor: o.record,
  before: o.anything,
  signal: o.record,
  onProgress: o.callback,
  onMember: o.callback,
};

/** Fewest examples: some are held out of each flow. */
const FEWEST = 10;

/** Numbers of a row. Errors: as `regression` says. */
export function checkedWidth(options: RegressionOptions): number {
  checkOptions("regression", schemas, options);
  const { step, classes, ...lists } = options ?? {};
  if (step !== undefined && classes !== undefined)
    throw new UsageError("regression: step and classes exclude each other\ngive one of them");
  const given = expectList("regression: given", lists.given, "a row of numbers for each value");
  const values = expectList("regression: values", lists.values, "a number for each row");
  if (given.length !== values.length)
    throw new DataError(
      `regression: ${countOf(given.length, "row")} of given numbers and ${countOf(values.length, "value")}, expected as many\ngive a value for each row`,
    );
  if (given.length < FEWEST)
    throw new DataError(
      `regression: ${countOf(given.length, "example")}, expected at least ${FEWEST}\nadd examples`,
    );
  expectValues("regression", values, { classes });
  return rowAt(given as Rows, 0).length;
}

function expectList(name: string, list: unknown, expected: string): ArrayLike<unknown> {
  if (Array.isArray(list) || (ArrayBuffer.isView(list) && "length" in list))
    return list as ArrayLike<unknown>;
  throw new UsageError(`${name}: expected a list, ${expected}, found ${String(list)}`);
}

/**
 * Checks that values are numbers, and of their kind. Values on a grid may lie beside it as float32 rounds them.
 *
 * @param origin a value of the grid; without it grids are not looked at
 * @throws DataError for others
 */
function expectValues(
  what: string,
  values: ArrayLike<unknown>,
  { step, classes }: ValueKind,
  origin?: number,
): void {
  const refuse = (i: number, expected: string): DataError => {
    const value = values[i];
    return new DataError(
      `${what}: value ${i} is ${typeof value === "object" && value ? "a list" : String(value)}, expected ${expected}`,
    );
  };
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (classes !== undefined && !(Number.isInteger(value) && value >= 0 && value < classes))
      throw refuse(i, `a class, 0 to ${classes - 1}`);
    if (!Number.isFinite(value)) throw refuse(i, "a finite number");
    if (step === undefined || origin === undefined) continue;
    const beside = value - origin - step * Math.round((value - origin) / step);
    if (Math.abs(beside) > 1e-3 * step + 2 ** -22 * Math.max(Math.abs(value), Math.abs(origin)))
      throw refuse(i, `a value of the grid ${origin}, ${origin + step}, … of step ${step}`);
  }
}

/** Errors: `DataError` for training values beside the grid that their smallest one begins. */
export function expectGrid({ values, step }: RegressionOptions): void {
  if (step === undefined) return;
  expectValues("regression", values, { step }, gridOrigin(values));
}

/** The smallest of the values, where their grid begins. */
export const gridOrigin = (values: ArrayLike<number>): number =>
  Float64Array.from(values).reduce((a, b) => Math.min(a, b));

/** What `logProb` is called with, in float32, one after another. */
export function checkedPairs(
  values: ArrayLike<number>,
  options: { given: Rows },
  { width, kind, origin }: Readonly<{ width: number; kind: ValueKind; origin: number | undefined }>,
): [values: Float32Array, condition: Float32Array] {
  expectList("logProb: values", values, "a number for each row");
  // examples may hold more than what is given, but where that is missing, the name of an option may be wrong
  if (options?.given === undefined) checkOptions("logProb", { given: o.anything }, options);
  const condition = flat(options?.given, width, "logProb: { given }");
  const rows = condition.length / Math.max(width, 1);
  if (rows !== values.length)
    throw new DataError(
      `logProb: ${countOf(rows, "row")} of given numbers and ${countOf(values.length, "value")}, expected as many\ngive a value for each row`,
    );
  expectValues("logProb", values, kind, origin);
  return [Float32Array.from(values), condition];
}

/** A row; a number is one, too. Errors: `DataError` for no row. */
function rowAt(rows: Rows, i: number): ArrayLike<number> {
  const row: unknown = rows[i];
  if (typeof row === "number") return [row];
  if (typeof row !== "object" || row === null || !("length" in row))
    throw new DataError(`given: row ${i} is ${String(row)}, expected a list of numbers`);
  return row as ArrayLike<number>;
}

/**
 * Rows one after another.
 *
 * @param name of the rows in messages
 * @throws UsageError for no list; DataError for an empty row, one of another length, and numbers that are not finite
 */
export function flat(rows: Rows, width: number, name = "given"): Float32Array {
  const { length } = expectList(name, rows, "a row of numbers for each value");
  const out = new Float32Array(length * width);
  for (let i = 0; i < length; i++) {
    const row = rowAt(rows, i);
    if (row.length !== width || width === 0)
      throw new DataError(`given: row ${i} has ${row.length} numbers, expected ${Math.max(width, 1)}`);
    for (let k = 0; k < width; k++) {
      const value = row[k] as number;
      if (!Number.isFinite(value)) throw new DataError(`given: row ${i} holds ${value} in column ${k}`);
      out[i * width + k] = value;
    }
  }
  return out;
}
