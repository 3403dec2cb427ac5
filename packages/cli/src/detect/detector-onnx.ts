import { type Executor, FlowModel } from "@flowify/core";
import { exportLogProb, toBytes } from "@flowify/onnx/browser";
import { detectorFlow } from "./detector-flow.js";
import { detectorGraph, graphInput } from "./detector-graph.js";
import type { DetectorInput } from "./detector-inputs.js";
import type { TableDetector } from "./table-detector.js";

/** What the graph takes and returns. */
export type DetectorDescription = Readonly<{
  format: "flowify-detector-graph";
  version: 1;
  falseAlarms: number;
  inputs: readonly Readonly<{
    name: string;
    column: string;
    type: "string" | "float64";
    shape: readonly (string | number)[];
    meaning: string;
  }>[];
  outputs: readonly Readonly<{ name: string; type: string; meaning: string; shape: readonly string[] }>[];
}>;

const meanings: Readonly<Record<DetectorInput["kind"], string>> = {
  number: "a number; NaN where it is missing",
  date: "days since 1970-01-01 UTC; NaN where the date is missing",
  text: "a text; empty where it is missing",
};

const results = [
  { name: "score", type: "float32", meaning: "high for odd rows" },
  { name: "p", type: "float32", meaning: "share of held-out rows that are at least as odd" },
  { name: "flag", type: "int32", meaning: "1 where p is at most falseAlarms, else 0" },
] as const;

/**
 * A detector as the bytes of one ONNX file, with a description of its inputs and outputs.
 *
 * @param falseAlarms p-values up to this one are flagged
 */
export async function detectorOnnx(
  found: TableDetector,
  executor: Executor,
  { falseAlarms, ...options }: { falseAlarms: number } & NonNullable<Parameters<typeof exportLogProb>[2]>,
): Promise<{ bytes: Uint8Array; nodes: number; description: DetectorDescription }> {
  const { contaminated, spaces, flow: arrays } = found.detector;
  const flow = detectorFlow(spaces.width, contaminated);
  const model = await FlowModel.fromArrays(flow, arrays, executor);
  const logProb = exportLogProb(flow, model.params, options);
  await model.dispose();
  const graph = detectorGraph(found, logProb.graph, falseAlarms);
  const description: DetectorDescription = {
    format: "flowify-detector-graph",
    version: 1,
    falseAlarms,
    inputs: found.inputs.map((input) => ({
      name: graphInput(input),
      column: input.name,
      type: input.kind === "text" ? "string" : "float64",
      shape: ["batch", 1],
      meaning: meanings[input.kind],
    })),
    outputs: results.map((output) => ({ ...output, shape: ["batch"] })),
  };
  const bytes = toBytes({ ...graph, metadata: { inputs: JSON.stringify(description.inputs) } });
  return { bytes, nodes: graph.nodes.length, description };
}
