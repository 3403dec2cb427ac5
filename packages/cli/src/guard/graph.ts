import type { GivenModel } from "@flowify/onnx";
import { exportFunction } from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import { portable } from "jax-to-onnx";
import { type GraphModel, renamed } from "jax-to-onnx/internal";
import type { RowFunction } from "../detect/batches.js";
import type { Detector, OpenDetector } from "../detect/detector.js";
import { entryOf, valueAt } from "../places.js";
import type { Features } from "./features.js";
import { type Held, heldArrays, pOf } from "./smooth-p.js";
import { nodeMaker, projectionNodes, type Tap, tapNodes } from "./taps.js";

export const OUTPUTS = ["log_prob", "p_value", "flag"] as const;

/** Where a guarded file says how it was guarded. */
export const METADATA = "flowify-guard";

export type Judged = Readonly<{
  features: Features;
  taps: readonly Tap[];
  detector: Detector;
  /** The detector on an executor, to dispose of. */
  open: OpenDetector;
  /** What p is calibrated by: held-out scores of each class, or of all examples. */
  held: readonly Held[];
}>;

/** p of float32 may lie above the share that it stands for. */
const ROUNDED = 1 + 1e-6;

/** Classes that are calibrated for themselves; 0 where all examples are one group. */
const classesIn = ({ held }: Judged): number => (held.length > 1 ? held.length : 0);

/** log p, p and the flag of rows: features, and behind them the outputs where these are classes. */
function program(judged: Judged, falseAlarms: number): RowFunction {
  const { features, detector, open, held } = judged;
  const { constants, f } = open.program(["combination", "flow"]);
  const { width } = features;
  const classes = classesIn(judged);
  // the density of the features is that of the standardized ones by the product of their deviations
  const scale = detector.spaces.std.reduce((sum, each) => sum + Math.log(each), 0);
  return {
    constants: { score: constants, held: heldArrays(held) },
    f(own: Readonly<{ score: never; held: never }>, x) {
      const outputs = classes > 0 ? x.ref.slice([], [width, width + classes]) : undefined;
      const found = f(own.score, outputs ? x.slice([], [0, width]) : x);
      const each = pOf(own.held, entryOf(found, "combination"));
      const p = np.max(outputs ? np.where(isSmaller(outputs), 0, each) : each, 1);
      const flag = np.greater(falseAlarms * ROUNDED, p.ref).astype(np.int32);
      return { log_prob: entryOf(found, "flow").neg().sub(scale), p_value: p, flag };
    },
  };
}

/** Outputs [B, K] that are below the largest. */
const isSmaller = (outputs: np.Array): np.Array =>
  np.less(outputs.ref, np.max(outputs, 1, { keepdims: true }));

/** The nodes of a guard, from values of the network to `log_prob`, `p_value` and `flag`. */
export function guardGraph(
  judged: Judged,
  { input, outputs: given }: Pick<GivenModel, "input" | "outputs">,
  { falseAlarms, batch }: Readonly<{ falseAlarms: number; batch: string | number }>,
): GraphModel {
  const { features, taps } = judged;
  const classes = classesIn(judged);
  const maker = nodeMaker("features");
  const used = features.parts.map(({ at, projection }) => ({ ...valueAt(taps, at), projection }));
  const parts = used.flatMap((tap) => projectionNodes(tap.projection, tapNodes(tap, maker), maker));
  const scores = valueAt(given, 0);
  const rows = maker.node("Concat", classes > 0 ? [...parts, scores.name] : parts, { axis: 1 });
  const shape = [features.width + classes];
  const judge = exportFunction(
    { name: "judge", ...program(judged, falseAlarms), input: { name: "x", shape }, outputs: OUTPUTS },
    { target: { ...portable, steps: false } },
  );
  const own = (name: string): string =>
    name === "x" ? rows : name === "" || OUTPUTS.some((output) => output === name) ? name : `judge/${name}`;
  const judging = judge.nodes.map((each) => renamed(each, own));
  const read = used.map(({ name, shape: sizes }) => ({
    name,
    type: "float32" as const,
    shape: ["batch", ...sizes],
  }));
  if (classes > 0 && !read.some(({ name }) => name === scores.name))
    read.push({ name: scores.name, type: "float32", shape: ["batch", classes] });
  return {
    name: `guard of ${input.name}`,
    inputs: read,
    outputs: OUTPUTS.map((name) => ({ name, type: name === "flag" ? "int32" : "float32", shape: [batch] })),
    nodes: [...maker.nodes, ...judging],
    constants: [...maker.constants, ...judge.constants.map((each) => ({ ...each, name: own(each.name) }))],
  };
}
