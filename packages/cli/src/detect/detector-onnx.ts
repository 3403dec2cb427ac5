import { exportFunction } from "@flowify/onnx/browser";
import { toBytes } from "jax-to-onnx/internal";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { judgeProgram } from "./calibration.js";
import type { OpenDetector } from "./detector.js";
import { describedInput, detectorGraph, OUTPUTS } from "./detector-graph.js";
import type { TableDetector } from "./table-detector.js";

const results = [
  { name: "score", type: "float32", meaning: "high for odd rows" },
  { name: "p", type: "float32", meaning: "share of held-out rows that are at least as odd" },
  { name: "flag", type: "int32", meaning: "1 where p is at most falseAlarms, else 0" },
] as const;

/**
 * A detector as the bytes of one ONNX file, with a description of its inputs and outputs: the function that scores, and the
 * encoding of its columns in front.
 *
 * @param falseAlarms p-values up to this one are flagged
 */
export function detectorOnnx(
  { detector, calibrations }: TableDetector,
  open: Pick<OpenDetector, "program">,
  { falseAlarms, ...options }: { falseAlarms: number } & NonNullable<Parameters<typeof exportFunction>[1]>,
) {
  const judge = judgeProgram(open.program(["combination"]), calibrations.combination, falseAlarms);
  const inputs = ownColumns(tableColumns(detector));
  const input = { name: "x", shape: [inputs.length] };
  const rows = exportFunction({ name: "judge", ...judge, input, outputs: OUTPUTS }, options);
  const graph = detectorGraph(inputs, rows);
  /** What the graph takes and returns. */
  const description = {
    format: "flowify-detector-graph",
    version: 1,
    falseAlarms,
    inputs: inputs.map((each) => describedInput(each)),
    outputs: results.map((output) => ({ ...output, shape: ["batch"] })),
  };
  const bytes = toBytes({ ...graph, metadata: { inputs: JSON.stringify(description.inputs) } });
  return { bytes, nodes: graph.nodes.length, description };
}
