import { DataError, type Executor, type FlowModel, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import type { ValueKind } from "./network.js";

export type Rows = readonly ArrayLike<number>[];

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
  const { given, values, step, classes } = options;
  if (step !== undefined && classes !== undefined)
    throw new UsageError("regression: step and classes exclude each other\ngive one of them");
  if (!Array.isArray(given) || given.length !== values?.length)
    throw new DataError(
      `regression: ${given?.length} rows of given numbers and ${values?.length} values, expected as many\ngive a value for each row`,
    );
  if (given.length < FEWEST)
    throw new DataError(`regression: ${given.length} examples, expected at least ${FEWEST}\nadd examples`);
  const width = (given[0] as ArrayLike<number>).length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const fits = classes === undefined || (Number.isInteger(value) && value >= 0 && value < classes);
    if (!Number.isFinite(value) || !fits)
      throw new DataError(
        `regression: value ${i} is ${value}, expected ${classes === undefined ? "a finite number" : `a class, 0 to ${classes - 1}`}`,
      );
  }
  return width;
}

/** Rows one after another. Errors: `DataError` for an empty row, one of another length, and numbers that are not finite. */
export function flat(rows: Rows, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
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
