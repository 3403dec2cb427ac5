import { type GivenModel, portable } from "@flowify/onnx";
import { exportFunction } from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import { type GraphModel, renamed } from "jax-to-onnx/internal";
import type { RowFunction } from "../detect/batches.js";
import { type Calibration, type Groups, judgeProgram } from "../detect/calibration.js";
import type { Detector, OpenDetector } from "../detect/detector.js";
import type { Features } from "./features.js";
import { nodeMaker, projectionNodes, type Tap, tapNodes } from "./taps.js";

/** The added outputs. */
export const OUTPUTS = ["log_prob", "p_value", "flag"] as const;

/** Where a guarded file says how it was guarded. */
export const METADATA = "flowify-guard";

export type Judged = Readonly<{
  features: Features;
  taps: readonly Tap[];
  detector: Detector;
  /** The detector on an executor, to dispose of. */
  open: OpenDetector;
  calibration: Pick<Calibration, "scores">;
  /** The scores of each class are calibrated for themselves. */
  groups?: Groups | undefined;
}>;

/** log p, p and the flag of rows: features, and behind them the outputs where these are classes. */
function program(
  { features, detector, open, calibration, groups }: Judged,
  falseAlarms: number,
): RowFunction {
  const { constants, f } = open.program(["combination", "flow"]);
  const { width } = features;
  // the density of the features is that of the standardized ones by the product of their deviations
  const scale = detector.spaces.std.reduce((sum, each) => sum + Math.log(each), 0);
  const scored = (own: never, x: np.Array) => {
    const group = groups && classOf(x.ref.slice([], [width, width + groups.count]));
    const { combination, flow } = f(own, groups ? x.slice([], [0, width]) : x);
    return { combination: combination!, log_prob: flow!.neg().sub(scale), ...(group && { group }) };
  };
  const judged = judgeProgram({ constants, f: scored }, calibration, falseAlarms, groups);
  return {
    constants: judged.constants,
    f(own, x) {
      const { combination, log_prob, p, flag } = judged.f(own, x);
      combination!.dispose();
      return { log_prob: log_prob!, p_value: p!, flag: flag! };
    },
  };
}

/** 1 for the largest of the outputs, [B, K] in and out. */
const classOf = (outputs: np.Array): np.Array =>
  np.greaterEqual(outputs.ref, np.max(outputs, 1, { keepdims: true })).astype(np.float32);

/** The nodes of a guard, from values of the network to `log_prob`, `p_value` and `flag`. */
export function guardGraph(
  judged: Judged,
  { input, outputs: given }: Pick<GivenModel, "input" | "outputs">,
  { falseAlarms, batch }: Readonly<{ falseAlarms: number; batch: string | number }>,
): GraphModel {
  const { features, taps, groups } = judged;
  const maker = nodeMaker("features");
  const used = features.parts.map(({ at }) => taps[at]!);
  const parts = features.parts.flatMap(({ projection }, i) =>
    projectionNodes(projection, tapNodes(used[i]!, maker), maker),
  );
  const scores = given[0]!;
  const rows = maker.node("Concat", groups ? [...parts, scores.name] : parts, { axis: 1 });
  const shape = [features.width + (groups?.count ?? 0)];
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
  if (groups && !read.some(({ name }) => name === scores.name))
    read.push({ name: scores.name, type: "float32", shape: ["batch", groups.count] });
  return {
    name: `guard of ${input.name}`,
    inputs: read,
    outputs: OUTPUTS.map((name) => ({ name, type: name === "flag" ? "int32" : "float32", shape: [batch] })),
    nodes: [...maker.nodes, ...judging],
    constants: [...maker.constants, ...judge.constants.map((each) => ({ ...each, name: own(each.name) }))],
  };
}
