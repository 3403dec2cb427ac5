import { basename } from "node:path";
import { sizeOf } from "@flowify/core/layer";
import { autoWords } from "../networks/auto.js";
import { formatCount } from "../ui/format.js";
import type { ConvertedFunction } from "./convert.js";

/** The report of a conversion into one step, and what to say of it, a line each. */
export function planOf(file: string, { of, nodes, weights, inputs, maxRelDiff }: ConvertedFunction) {
  const report = {
    file: basename(file),
    grain: "network",
    nodes,
    weights,
    output: of.output,
    seen: of.seen,
    maxRelDiff,
    inputs,
    inputShape: of.inShape,
    outputShape: of.outShape,
    unsupported: null,
  };
  const sizes = (shape: readonly number[]): string => (shape.length === 0 ? "1" : shape.join("×"));
  const size = sizeOf(of.outShape);
  const seen = of.seen < size ? `, seen as ${formatCount(of.seen)} means of neighbours` : "";
  const lines = [
    `${report.file}: ${sizes(of.inShape)} → ${sizes(of.outShape)}, one step, likelihood a lower bound in expectation`,
    "",
    "plan: exact 0, bound 0, opaque 1",
    `  opaque: ${formatCount(nodes)} nodes with ${formatCount(weights)} weights, run by ONNX Runtime as they are`,
    `  output ${JSON.stringify(of.output)}: ${formatCount(size)} numbers${seen}`,
    "  to train: a density of the outputs, and a flow of inputs given outputs",
    `  --network auto, the default for that flow: ${autoWords(of.inShape)}`,
    "",
    `${inputs} inputs together and alone: largest relative difference ${maxRelDiff.toExponential(1)}`,
  ];
  return { report, lines };
}
