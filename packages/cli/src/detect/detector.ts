import { type Executor, FlowModel, type HostArray, UsageError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { type RowFunction, type RowProgram, rowProgram } from "./batches.js";
import { type Scales, scaleOf } from "./combine.js";
import { detectorFlow, type FlowOptions, fitDetectorFlow } from "./detector-flow.js";
import { flowSpace, type Learnt, partsProgram, scoreProgram } from "./detector-program.js";
import type { PartName, ScoreKind } from "./score-kinds.js";
import { findSpaces, mixedSpace, robustSpace, type Space, type Spaces, spaceArrays } from "./spaces.js";

/** Rows with which others are compared at most: a fair sample of the training rows. */
const REFERENCE = 5000;

/** Reference rows whose scores decide the scales, at most. */
const SCALED_BY = 3000;

/** Fewest rows to fit a detector to. */
const FEWEST = 10;

/** What a detector has learned from training rows. */
export type Detector = Readonly<{
  /** The training rows hold anomalies. */
  contaminated: boolean;
  spaces: Spaces;
  /** Training rows [m, width] that others are compared with, and their numbers among the training rows. */
  reference: Float32Array;
  places: Uint32Array;
  /** Parameters of the flow, by name. */
  flow: Readonly<Record<string, HostArray>>;
  /** Of the scores of the reference rows. */
  scales: Scales;
}>;

export type DetectorOptions = Readonly<{
  /** The training rows hold many anomalies, more than one in fifty. Default false. */
  contaminated?: boolean;
  /** Decides the training of the flow and the sample of reference rows. Default 0. */
  seed?: number;
  /** Training steps of the flow. Default 400. */
  steps?: number;
}> &
  Pick<FlowOptions, "signal" | "onStep">;

/** A detector that computes: what it has learned, placed on an executor. */
export type OpenDetector = Readonly<{
  /**
   * Scores of rows, a number each: high for rows that are unlike the training rows. A score depends on the row alone; a row
   * that equals one of the training rows is not compared with it.
   *
   * @param rows [n, width]
   * @param kinds the scores that are wanted
   */
  score<Kind extends ScoreKind>(
    rows: Float32Array,
    kinds: readonly Kind[],
  ): Promise<Readonly<Record<Kind, Float64Array>>>;
  /** The function that `score` runs. */
  program(kinds: readonly ScoreKind[]): RowFunction;
  dispose(): Promise<void>;
}>;

/** Rows in a space. */
async function inSpace(
  executor: Executor,
  space: Space,
  spaces: Spaces,
  rows: Float32Array,
): Promise<Float32Array> {
  const f = (arrays: never, x: never) => ({ space: space(arrays, x) });
  const program = rowProgram(executor, { constants: spaceArrays(spaces), f }, spaces.width, "space");
  try {
    return (await program.run(rows)).space ?? new Float32Array();
  } finally {
    await program.dispose();
  }
}

type Sample = Pick<Detector, "contaminated" | "spaces" | "reference">;

const learntOf = async (
  executor: Executor,
  { contaminated, spaces, reference }: Sample,
  model: FlowModel,
): Promise<Learnt> => ({
  contaminated,
  spaces,
  reference: {
    robust: await inSpace(executor, robustSpace, spaces, reference),
    mixed: await inSpace(executor, mixedSpace, spaces, reference),
  },
  flow: model.flow,
  params: model.params,
});

/** Opens a detector on an executor. */
export async function openDetector(executor: Executor, detector: Detector): Promise<OpenDetector> {
  const { contaminated, spaces, flow, scales } = detector;
  const model = await FlowModel.fromArrays(detectorFlow(spaces.width, contaminated), flow, executor);
  const learnt = await learntOf(executor, detector, model);
  const programs = new Map<string, RowProgram>();
  const program = (kinds: readonly ScoreKind[]): RowFunction => scoreProgram(learnt, scales, kinds);
  return {
    program,
    async score(rows, kinds) {
      const key = kinds.join();
      const opened = programs.get(key) ?? rowProgram(executor, program(kinds), spaces.width, key);
      programs.set(key, opened);
      const found = await opened.run(rows);
      const scores = kinds.map((kind) => [kind, Float64Array.from(found[kind] ?? [])] as const);
      // the model names the row and the layer
      if (scores.some(([, each]) => each.some(Number.isNaN)))
        await model.logProb(await inSpace(executor, flowSpace(contaminated), spaces, rows));
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
 * spaces, distances to neighbours, and values beyond the range of their columns.
 *
 * @param training rows [n, width], in any units
 * @throws UsageError where there are too few rows
 */
export async function fitDetector(
  executor: Executor,
  training: Float32Array,
  width: number,
  { contaminated = false, seed = 0, steps = 400, ...control }: DetectorOptions = {},
): Promise<Detector> {
  const count = training.length / width;
  if (count < FEWEST) throw new UsageError(`${count} rows: expected at least ${FEWEST} to fit a detector to`);
  const spaces = findSpaces(training, width);
  const places = permutation(makeRng(seed), count).subarray(0, REFERENCE);
  const reference = takeRows(training, width, places);
  const rows = await inSpace(executor, flowSpace(contaminated), spaces, training);
  const model = await fitDetectorFlow(executor, rows, width, { contaminated, seed, steps, ...control });
  const flow = model.arrays();
  const names = ["flow", "robust", "mixed", "neighbours"] as const satisfies readonly PartName[];
  const learnt = await learntOf(executor, { contaminated, spaces, reference }, model);
  const program = rowProgram(executor, partsProgram(learnt, names), width, "parts");
  try {
    const raw = await program.run(reference.subarray(0, SCALED_BY * width));
    const scales = {
      flow: scaleOf(raw.flow!),
      robust: scaleOf(raw.robust!),
      mixed: scaleOf(raw.mixed!),
      neighbours: scaleOf(raw.neighbours!),
    };
    return { contaminated, spaces, reference, places, flow, scales };
  } finally {
    await program.dispose();
    await model.dispose();
  }
}

/** Some of the rows [n, width], in the order of `which`. */
export function takeRows(rows: Float32Array, width: number, which: ArrayLike<number>): Float32Array {
  const out = new Float32Array(which.length * width);
  for (let to = 0; to < which.length; to++)
    out.set(rows.subarray(which[to]! * width, (which[to]! + 1) * width), to * width);
  return out;
}
