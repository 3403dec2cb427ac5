import type { Flow, HostArray } from "@flowify/core";
import { mapNoise } from "@flowify/core/layer";
import { type JsTree, type numpy as np, tree } from "@jax-js/jax";
import { entryOf } from "../places.js";
import type { Features } from "../tables/features.js";
import type { RowFunction } from "./batches.js";
import { combined, type Scales } from "./combine.js";
import {
  type Compared,
  compare,
  kernelScore,
  neighbourScore,
  type Reference,
  referenceParts,
  sharedRows,
} from "./compare.js";
import { type Form, LEARNT_PARTS, type PartName, partsOf, type ScoreKind } from "./score-columns.js";
import {
  beyondRange,
  mixedSpace,
  robustSpace,
  type Space,
  type SpaceArrays,
  type Spaces,
  spaceArrays,
  standardSpace,
} from "./spaces.js";

/** Standard deviation of the kernels. */
const BANDWIDTH = 0.2;

/** Parts of the reference whose nearest rows count: of clean rows so many at least, and rows of a part at most. */
const NEAR = { parts: 5, rows: 256 } as const;
/** Of contaminated rows: so many parts at most, of so many rows at least, among so many. */
const FAR = { parts: 20, rows: 4, among: 3000 } as const;

/** Reference rows of a group of the form for networks, about. */
const GROUP = 256;

export const flowSpace = (contaminated: boolean): Space => (contaminated ? mixedSpace : standardSpace);

/** All arrays that scores are computed with. */
type Constants<T> = Readonly<{
  spaces: SpaceArrays<T>;
  flow: JsTree<T>;
  robust: Reference<T>;
  mixed: Reference<T>;
  far: Reference<T>;
}>;

/** What the parts of scores need of a detector. */
export type Learnt = Readonly<{
  features: Features;
  /** Nats that missing numbers cost, [B] from encoded rows [B, columns]. Consumes the rows. */
  missingCost?: ((rows: np.Array) => np.Array) | undefined;
  /** How much farther beyond their ranges amounts below zero are, [B] from features. Consumes them. */
  belowZero?: ((x: np.Array) => np.Array) | undefined;
  form: Form;
  contaminated: boolean;
  spaces: Spaces;
  /** Reference rows [m, width] in both spaces. */
  reference: Readonly<Record<"robust" | "mixed", Float32Array>>;
  flow: Flow;
  params: JsTree<HostArray>;
}>;

export function partsProgram(learnt: Learnt, names: readonly PartName[]): RowFunction {
  const { features, missingCost, belowZero, form, contaminated, spaces, reference, flow, params } = learnt;
  const { width } = spaces;
  const has = (name: PartName): boolean => names.includes(name);
  const hasNear = has("neighbours");
  const count = reference.robust.length / width;
  const { size, group } = nearParts(form, count);
  const used = group === undefined ? count : size;
  const known = (rows: Float32Array, size: number) => referenceParts(rows, width, BANDWIDTH, size);
  const near = (rows: Float32Array) => known(rows.subarray(0, used * width), size);
  const far = farParts(count);
  const constants: Constants<HostArray> = {
    spaces: spaceArrays(spaces),
    flow: has("flow") ? params : [],
    robust: has("robust") || (hasNear && !contaminated) ? near(reference.robust) : [],
    mixed: has("mixed") ? near(reference.mixed) : [],
    far: hasNear && contaminated ? known(reference.robust.subarray(0, far.rows * width), far.size) : [],
  };
  const noise = mapNoise(flow.forwardNoise, () => {
    throw new TypeError("expected a flow without noise");
  });
  const parts = (own: Constants<np.Array>, rows: np.Array): Record<string, np.Array> => {
    const cost = missingCost?.(rows.ref);
    const x = features(rows);
    const found: Partial<Record<PartName, np.Array>> = {};
    const compared = (space: Space, others: Reference<np.Array>): Compared =>
      compare(space(own.spaces, x.ref), BANDWIDTH, others, { group, computed: form === "network" });
    if (own.robust.length > 0) {
      const robust = compared(robustSpace, own.robust);
      if (hasNear && !contaminated) found.neighbours = neighbourScore(sharedRows(robust), BANDWIDTH);
      found.robust = kernelScore(robust, used);
    }
    if (own.mixed.length > 0) found.mixed = kernelScore(compared(mixedSpace, own.mixed), used);
    if (own.far.length > 0) found.neighbours = neighbourScore(compared(robustSpace, own.far), BANDWIDTH);
    if (has("flow"))
      found.flow = flow.logProb(own.flow as never, flowSpace(contaminated)(own.spaces, x.ref), noise).neg();
    if (has("range")) {
      const beyond = beyondRange(own.spaces, x.ref);
      found.range = belowZero ? beyond.add(belowZero(x.ref)) : beyond;
    }
    // −log of a density and of the probability to lack what is missing
    for (const name of LEARNT_PARTS) if (cost && found[name]) found[name] = found[name].add(cost.ref);
    cost?.dispose();
    x.dispose();
    const { flow: _, ...others } = own;
    tree.dispose(others as never);
    for (const [name, each] of Object.entries(found)) if (!has(name as PartName)) each.dispose();
    return Object.fromEntries(names.map((name) => [name, entryOf(found, name)]));
  };
  return { constants: constants as never, f: parts };
}

/** Rows of the parts of the reference of clean rows, and of groups in them. */
function nearParts(form: Form, count: number): { size: number; group?: number } {
  const most = Math.max(1, Math.floor(count / NEAR.parts));
  if (form === "table") return { size: Math.min(NEAR.rows, most) };
  const group = Math.min(GROUP, most);
  return { size: group * Math.floor(count / group), group };
}

/** Of contaminated rows: the rows among which neighbours are looked for, and those of each part. */
function farParts(count: number): { rows: number; size: number } {
  const among = Math.min(count, FAR.among);
  const parts = Math.max(1, Math.min(FAR.parts, Math.floor(among / FAR.rows)));
  const size = Math.floor(among / parts);
  return { rows: parts * size, size };
}

export function scoreProgram(learnt: Learnt, scales: Scales, kinds: readonly ScoreKind[]): RowFunction {
  const { form, contaminated } = learnt;
  const names = [...new Set(kinds.flatMap((kind) => partsOf(kind, contaminated, form)))];
  const { constants, f } = partsProgram(learnt, names);
  return {
    constants,
    f(own, x) {
      const raw = f(own, x);
      const scores = kinds.map((kind): [string, np.Array] => {
        const parts = partsOf(kind, contaminated, form);
        const taken = parts.map((name) => ({ name, scores: entryOf(raw, name).ref }));
        const [first, ...others] = taken;
        const isOne = first && others.length === 0;
        return [kind, isOne ? first.scores : combined(taken, scales)];
      });
      for (const each of Object.values(raw)) each.dispose();
      return Object.fromEntries(scores);
    },
  };
}
