import { type Executor, FlowModel, type HostArray, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o, permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import type { ColumnSchema } from "../data/table/schema.js";
import { entryOf } from "../places.js";
import { takeRows } from "../rows.js";
import { encodedWidth, ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { type CountedCells, featuresOf } from "../tables/features.js";
import { countOf } from "../ui/format.js";
import { type RowFunction, type RowProgram, rowProgram } from "./batches.js";
import { belowZero } from "./below-zero.js";
import { type Scales, scaleOf, usualWeights } from "./combine.js";
import { detectorFlow, type FlowOptions, fitDetectorFlow } from "./detector-flow.js";
import { flowSpace, type Learnt, partsProgram, scoreProgram } from "./detector-program.js";
import { missingCost } from "./missing-cost.js";
import { madeOddities, partWeights } from "./oddities.js";
import type { Form, PartName, ScoreKind } from "./score-columns.js";
import { findSpaces, mixedSpace, robustSpace, type Space, type Spaces, spaceArrays } from "./spaces.js";

/** Rows with which others are compared at most: a fair sample of the training rows. */
const REFERENCE = 5000;

/** Reference rows whose scores decide the scales, at most. */
const SCALED_BY = 3000;

/** Fewest rows to fit a detector to. */
const FEWEST = 10;

/** What a detector has learned from training rows. */
export type Detector = Readonly<{
  /** The columns of the rows, as they were found in the table. */
  columns: readonly ColumnSchema[];
  form: Form;
  /** The training rows hold anomalies. */
  contaminated: boolean;
  /** Cells that count by how frequently they are missing. Detectors from before count numbers alone, or have features for that instead. */
  counted: CountedCells;
  spaces: Spaces;
  /** Training rows [m, columns] that others are compared with, and their numbers among the training rows. */
  reference: Float32Array;
  places: Uint32Array;
  /** Parameters of the flow, by name. */
  flow: Readonly<Record<string, HostArray>>;
  /** Of the scores of the reference rows. */
  scales: Scales;
}>;

export type DetectorOptions = Readonly<{
  /** `table` (default), or `network` for rows that a network computes: a mixture of normals in place of spline couplings. */
  form?: Form;
  /** Least deviations of the columns: what varies less counts as little. Default: none. */
  least?: ArrayLike<number>;
  /** The training rows hold many anomalies, more than one in fifty. Default false. */
  contaminated?: boolean;
  /** Decides the training of the flow and the sample of reference rows. Default 0. */
  seed?: number;
  /** Training steps of the flow. Default 400. */
  steps?: number;
}> &
  Pick<FlowOptions, "signal" | "onStep">;

const schemas = {
  form: o.oneOf("table", "network"),
  least: o.anything,
  contaminated: o.flag,
  seed: o.integer(0),
  steps: o.integer(1),
  signal: o.record,
  onStep: o.callback,
};

/** A detector that computes: what it has learned, placed on an executor. */
export type OpenDetector = Readonly<{
  /**
   * Scores of rows, a number each: high for rows that are unlike the training rows. A score depends on the row alone; a row
   * that equals one of the training rows is not compared with it.
   *
   * @param rows [n, columns]
   * @param kinds the scores that are wanted
   */
  score<Kind extends ScoreKind>(
    rows: Float32Array,
    kinds: readonly Kind[],
  ): Promise<Readonly<Record<Kind, Float64Array>>>;
  /** Rows [n, columns] in the space of robustly scaled features, in which distances to training rows are taken. */
  inRobustSpace(rows: Float32Array): Promise<Float32Array>;
  /** The function that `score` runs. */
  program(kinds: readonly ScoreKind[]): RowFunction;
  dispose(): Promise<void>;
}>;

type Sample = Omit<Detector, "places" | "flow" | "scales">;

/** Rows in a space; without one, their features. */
async function inSpace(
  executor: Executor,
  { columns, counted }: Pick<Detector, "columns" | "counted">,
  rows: Float32Array,
  to?: Readonly<{ space: Space; spaces: Spaces }>,
): Promise<Float32Array> {
  const features = featuresOf(tableColumns({ columns }), counted);
  const f = (arrays: never, x: never) => ({ z: to ? to.space(arrays, features(x)) : features(x) });
  const constants = to ? spaceArrays(to.spaces) : [];
  const program = rowProgram(executor, { constants, f }, encodedWidth({ columns }), "space");
  try {
    return (await program.run(rows)).z ?? new Float32Array();
  } finally {
    await program.dispose();
  }
}

async function learntOf(executor: Executor, sample: Sample, model: FlowModel): Promise<Learnt> {
  const { form, contaminated, counted, spaces, reference } = sample;
  const columns = tableColumns(sample);
  const inOwn = (space: Space) => inSpace(executor, sample, reference, { space, spaces });
  return {
    features: featuresOf(columns, counted),
    ...(form === "table" && {
      missingCost: missingCost(columns, reference, counted),
      belowZero: belowZero(ownColumns(columns), spaces, reference.length / encodedWidth(sample)),
    }),
    form,
    contaminated,
    spaces,
    reference: { robust: await inOwn(robustSpace), mixed: await inOwn(mixedSpace) },
    flow: model.flow,
    params: model.params,
  };
}

/**
 * A detector on an executor, which stays open: scores of rows, high for those that are unlike the training rows.
 *
 * @example
 * ```ts
 * import { openExecutor } from "flowify";
 * import { arrayColumns, fitDetector, openDetector } from "flowify/tables";
 * const executor = await openExecutor("jax");
 * const rows = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i) + (i % 2));
 * const detector = await fitDetector(executor, rows, arrayColumns(2), { steps: 20 });
 * const open = await openDetector(executor, detector);
 * const { combination } = await open.score(Float32Array.of(0.5, 1.2, 9, -9), ["combination"]);
 * console.log(combination[1]! > combination[0]!);
 * await open.dispose();
 * await executor.dispose();
 * // true
 * ```
 */
export async function openDetector(executor: Executor, detector: Detector): Promise<OpenDetector> {
  const { columns, form, contaminated, spaces, flow, scales } = detector;
  const own = detectorFlow(spaces.width, { form, contaminated });
  const model = await FlowModel.fromArrays(own, flow, executor);
  const learnt = await learntOf(executor, detector, model);
  const programs = new Map<string, RowProgram>();
  const program = (kinds: readonly ScoreKind[]): RowFunction => scoreProgram(learnt, scales, kinds);
  return {
    program,
    inRobustSpace: (rows) => inSpace(executor, detector, rows, { space: robustSpace, spaces }),
    async score(rows, kinds) {
      const key = kinds.join();
      const opened =
        programs.get(key) ?? rowProgram(executor, program(kinds), encodedWidth({ columns }), key);
      programs.set(key, opened);
      const found = await opened.run(rows);
      const scores = kinds.map((kind) => [kind, Float64Array.from(found[kind] ?? [])] as const);
      // the model names the row and the layer
      if (scores.some(([, each]) => each.some(Number.isNaN)))
        await model.logProb(
          await inSpace(executor, detector, rows, { space: flowSpace(contaminated), spaces }),
        );
      return Object.fromEntries(scores) as never;
    },
    async dispose() {
      for (const each of programs.values()) await each.dispose();
      await model.dispose();
    },
  };
}

/**
 * Fits a detector of rows that are unlike the training rows, without labels: −log p by a flow, kernel densities in two
 * spaces, distances to neighbours, and values beyond the range of their columns. Of a clean table, rows made odd weigh the first three.
 *
 * @param training encoded rows [n, columns]: of a table those that `readTable` returns as `encoded`
 * @throws UsageError where there are too few rows, and for rows that are not encoded
 *
 * @example
 * ```ts
 * import { openExecutor } from "flowify";
 * import { arrayColumns, fitDetector } from "flowify/tables";
 * const executor = await openExecutor("jax");
 * const rows = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i) + (i % 2));
 * const detector = await fitDetector(executor, rows, arrayColumns(2), { steps: 20 });
 * console.log(detector.places.length, Object.keys(detector.scales).length);
 * await executor.dispose();
 * // 200 4
 * ```
 */
export async function fitDetector(
  executor: Executor,
  training: Float32Array,
  columns: readonly ColumnSchema[],
  options: DetectorOptions = {},
): Promise<Detector> {
  checkOptions("fitDetector", schemas, options);
  const { form = "table", contaminated = false, seed = 0, steps = 400, least, ...control } = options;
  if (form === "network" && contaminated)
    throw new UsageError("fitDetector: contaminated rows of the form network; leave one of them out");
  const own = encodedWidth({ columns });
  expectEncoded(training, columns);
  const count = training.length / own;
  if (count < FEWEST)
    throw new UsageError(`${countOf(count, "row")}: expected at least ${FEWEST} to fit a detector to`);
  const facts = { columns, form, contaminated, counted: "all" } as const;
  const features = await inSpace(executor, facts, training);
  const spaces = findSpaces(features, features.length / count, least);
  const places = permutation(makeRng(seed), count).subarray(0, REFERENCE);
  const reference = takeRows(training, own, places);
  const rows = await inSpace(executor, facts, training, { space: flowSpace(contaminated), spaces });
  const chosen = { form, contaminated, seed, steps, ...control };
  const model = await fitDetectorFlow(executor, rows, spaces.width, chosen);
  const flow = model.arrays();
  const names = ["flow", "robust", "mixed", "neighbours"] as const satisfies readonly PartName[];
  const learnt = await learntOf(executor, { ...facts, spaces, reference }, model);
  const program = rowProgram(executor, partsProgram(learnt, names), own, "parts");
  try {
    const raw = await program.run(reference.subarray(0, SCALED_BY * own));
    const odd: (typeof raw)[] = [];
    if (form === "table" && !contaminated)
      for (const rows of madeOddities(reference, columns, seed)) odd.push(await program.run(rows));
    const weights = { ...usualWeights(contaminated), ...(odd.length > 0 && partWeights(raw, odd)) };
    const scale = (name: keyof Scales) => scaleOf(entryOf(raw, name), weights[name]);
    const scales = {
      flow: scale("flow"),
      robust: scale("robust"),
      mixed: scale("mixed"),
      neighbours: scale("neighbours"),
    };
    return { ...facts, spaces, reference, places, flow, scales };
  } finally {
    await program.dispose();
    await model.dispose();
  }
}

/** @throws UsageError for other rows than encoded ones, such as those of a flow, whose codes have noise */
function expectEncoded(rows: Float32Array, columns: readonly ColumnSchema[]): void {
  const own = ownColumns(tableColumns({ columns }));
  const hasNoise = (place: number): boolean => {
    for (let i = place; i < rows.length; i += own.length) if (!Number.isInteger(rows[i])) return true;
    return false;
  };
  const odd = own.find(({ kind, place }) => kind.isText && hasNoise(place));
  if (odd || own.length === 0 || rows.length % own.length !== 0)
    throw new UsageError(
      `fitDetector: expected rows of ${own.length} numbers, found ${
        odd ? `codes of "${odd.name}" that are no whole numbers` : `${rows.length} numbers`
      }\nof a table, take the rows "encoded" that readTable returns`,
    );
}

export const arrayColumns = (width: number): ColumnSchema[] =>
  Array.from({ length: width }, (_, i) => ({
    name: `column ${i + 1}`,
    type: "continuous",
    use: "model",
    missing: 0,
    distinct: 0,
    range: { least: 0, most: 0, mean: 0, std: 1 },
  }));
