import { type Executor, FlowModel, type HostArray, UsageError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { combineScores, type Scale, scaleOf } from "./combine.js";
import { detectorFlow, type FlowOptions, fitDetectorFlow } from "./detector-flow.js";
import { flowScores } from "./flow-scores.js";
import { type Neighbours, neighboursOf } from "./neighbours.js";
import { lazyPromise } from "./over-workers.js";
import type { ScoreKind } from "./score-kinds.js";
import { findSpaces, mixedSpace, robustSpace, type Space, type Spaces, standardSpace } from "./spaces.js";

/** Rows with which others are compared at most: a fair sample of the training rows. */
const REFERENCE = 5000;

/** Contaminated: distances are taken among so many of them, */
export const FAR_AMONG = 3000;
/** to this neighbour at most, and at most to this share of them. */
const FAR_NEIGHBOUR = { most: 50, part: 1 / 8 } as const;
/** How often the distance counts in the combination. */
export const FAR_WEIGHT = 2;

/** Fewest rows to fit a detector to. */
const FEWEST = 10;

const CLEAN_NEIGHBOUR = 5;
export const BANDWIDTH = 0.2;

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
  scales: Readonly<Record<"flow" | "robust" | "mixed" | "neighbours", Scale>>;
}>;

export type DetectorOptions = Readonly<{
  /** The training rows hold anomalies, as a table does that nobody has looked at. Default false. */
  contaminated?: boolean;
  /** Decides the training of the flow and the sample of reference rows. Default 0. */
  seed?: number;
  /** Training steps of the flow. Default 400. */
  steps?: number;
}> &
  Pick<FlowOptions, "signal" | "onStep">;

/** Which neighbour's distance is the score `neighbours`. */
export const neighbourOf = (contaminated: boolean, reference: number): number =>
  contaminated
    ? Math.max(1, Math.min(FAR_NEIGHBOUR.most, Math.floor(FAR_NEIGHBOUR.part * reference)))
    : Math.min(CLEAN_NEIGHBOUR, reference - 1);

/** The space of the flow and of the neighbours. */
const ownSpace = (contaminated: boolean): Space => (contaminated ? mixedSpace : standardSpace);

/** A detector that computes: what it has learned, placed on an executor. */
export type OpenDetector = Readonly<{
  /**
   * Scores of rows, a number each: high for rows that are unlike the training rows.
   *
   * @param rows [n, width]
   * @param kinds the scores that are wanted
   * @param own the place of each row in the reference, by which it is not compared with itself
   */
  score<Kind extends ScoreKind>(
    rows: Float32Array,
    kinds: readonly Kind[],
    own?: Int32Array,
  ): Promise<Readonly<Record<Kind, Float64Array>>>;
  dispose(): Promise<void>;
}>;

/** The raw scores, before they are put on one scale. */
type Parts = Readonly<Record<"flow" | "robust" | "mixed" | "neighbours", ArrayLike<number>>>;

type Learnt = Pick<Detector, "contaminated" | "spaces" | "reference">;

/** The parts of which scores of this kind consist. */
const partsOf = (kind: ScoreKind, contaminated: boolean): readonly (keyof Parts)[] => {
  if (kind === "kernels") return ["robust", "mixed"];
  if (kind !== "combination") return [kind];
  return contaminated ? ["flow", "neighbours"] : ["flow", "robust", "mixed"];
};

/** Computes raw scores. Programs are compiled when a score is first wanted. Takes the model over. */
function openParts(executor: Executor, { contaminated, spaces, reference }: Learnt, model: FlowModel) {
  const { width } = spaces;
  const near = (space: Space, rows: Float32Array, k?: number) =>
    lazyPromise(() =>
      neighboursOf(executor, space(spaces, rows), width, { bandwidth: BANDWIDTH, ...(k && { k }) }),
    );
  const among = contaminated ? reference.subarray(0, FAR_AMONG * width) : reference;
  const opened: Neighbours[] = [];
  const neighbours = {
    robust: near(robustSpace, reference),
    mixed: near(mixedSpace, reference),
    neighbours: near(ownSpace(contaminated), among, neighbourOf(contaminated, among.length / width)),
  };
  const open = async (part: keyof typeof neighbours): Promise<Neighbours> => {
    const found = await neighbours[part]();
    if (!opened.includes(found)) opened.push(found);
    return found;
  };
  const flow = flowScores(executor, detectorFlow(width, contaminated), model);
  return {
    async score(rows: Float32Array, wanted: ReadonlySet<keyof Parts>, own?: Int32Array): Promise<Parts> {
      const none = new Float64Array();
      const compared = async (part: keyof typeof neighbours, space: Space) =>
        wanted.has(part) ? (await open(part)).score(space(spaces, rows), own) : null;
      const robust = await compared("robust", robustSpace);
      const mixed = await compared("mixed", mixedSpace);
      const far = await compared("neighbours", ownSpace(contaminated));
      const logProb = wanted.has("flow") ? await flow.logProb(ownSpace(contaminated)(spaces, rows)) : none;
      return {
        flow: logProb.map((nats) => -nats),
        robust: robust?.kernel ?? none,
        mixed: mixed?.kernel ?? none,
        neighbours: far?.distance ?? none,
      };
    },
    async dispose(): Promise<void> {
      for (const each of opened) await each.dispose();
      await flow.dispose();
    },
  };
}

/** Opens a detector on an executor. */
export async function openDetector(executor: Executor, detector: Detector): Promise<OpenDetector> {
  const { contaminated, spaces, flow, scales } = detector;
  const model = await FlowModel.fromArrays(detectorFlow(spaces.width, contaminated), flow, executor);
  const parts = openParts(executor, detector, model);
  return {
    async score(rows, kinds, own) {
      const wanted = new Set(kinds.flatMap((kind) => partsOf(kind, contaminated)));
      const raw = await parts.score(rows, wanted, own);
      const scoresOf = (kind: ScoreKind): Float64Array => {
        const names = partsOf(kind, contaminated);
        if (names.length === 1) return Float64Array.from(raw[names[0]!]);
        return combineScores(
          names.map((name) => ({
            scores: raw[name],
            scale: scales[name],
            weight: name === "neighbours" ? FAR_WEIGHT : 1,
          })),
        );
      };
      return Object.fromEntries(kinds.map((kind) => [kind, scoresOf(kind)])) as never;
    },
    dispose: () => parts.dispose(),
  };
}

/**
 * Fits a detector of rows that are unlike the training rows, without labels: −log p by a flow, kernel densities in two
 * spaces, the distance to a neighbour, and the sum of the standardized scores.
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
  const learnt = { contaminated, spaces, reference };
  const rows = ownSpace(contaminated)(spaces, training);
  const model = await fitDetectorFlow(executor, rows, width, { contaminated, seed, steps, ...control });
  const flow = model.arrays();
  const parts = openParts(executor, learnt, model);
  try {
    const own = Int32Array.from(places.keys()).subarray(0, FAR_AMONG);
    const all = new Set(["flow", "robust", "mixed", "neighbours"] as const);
    const raw = await parts.score(reference.subarray(0, FAR_AMONG * width), all, own);
    const scales = {
      flow: scaleOf(raw.flow),
      robust: scaleOf(raw.robust),
      mixed: scaleOf(raw.mixed),
      neighbours: scaleOf(raw.neighbours),
    };
    return { ...learnt, places, flow, scales };
  } finally {
    await parts.dispose();
  }
}

/** Some of the rows [n, width], in the order of `which`. */
export function takeRows(rows: Float32Array, width: number, which: ArrayLike<number>): Float32Array {
  const out = new Float32Array(which.length * width);
  for (let to = 0; to < which.length; to++)
    out.set(rows.subarray(which[to]! * width, (which[to]! + 1) * width), to * width);
  return out;
}
