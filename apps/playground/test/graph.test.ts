import { flowify } from "@flowify/core";
import { convertOnnx, readOnnx } from "@flowify/onnx";
import { conversionReport, nodesInWords } from "@flowify/onnx/browser";
import { expect, test } from "vitest";
import { layout } from "../src/tabs/network/layout.js";
import { convertedNodes, refusedNodes } from "../src/tabs/network/nodes.js";
import { withoutFlags } from "../src/ui/problem.js";
import { onnxBytes, residual, unsupported } from "./onnx-files.js";

const nodesOf = ({ nodes, weights }: typeof residual) => {
  const graph = readOnnx(onnxBytes(nodes, weights));
  const converted = convertOnnx(graph);
  const flow = flowify(converted.network);
  const report = conversionReport(
    "",
    flow,
    { ...converted, ...nodesInWords(converted) },
    { maxRelDiff: null, inputs: 0 },
  );
  return convertedNodes(graph, converted, report);
};

test("nodes have the layers that they became; the numbers of a layer are said once", () => {
  const found = nodesOf(residual).map(({ op, fate }) => [op, fate.kind === "layer" ? fate.layer : fate.kind]);
  expect(found).toEqual([
    ["Conv", "conv2d[0]"],
    ["LeakyRelu", "leakyRelu[1]"],
    ["Conv", "branches[2]"],
    ["Add", "branches[2]"],
    ["Flatten", "reshape[3]"],
    ["Gemm", "linear[4]"],
    ["Softmax", "leftOut"],
  ]);
  const dropped = nodesOf(residual).map(({ fate }) => (fate.kind === "layer" ? fate.dropped : 0));
  expect(dropped).toEqual([784 - 196, 0, 0, expect.any(Number), 0, 186, 0]);
});

test("a branch around other nodes leaves them their lane", () => {
  const { places, rows, lanes } = layout(nodesOf(residual));
  expect(places.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(lanes).toBe(1);
  expect(rows).toBe(8);
});

test("branches lie beside each other", () => {
  const fate = { kind: "nothing" } as const;
  const from = (...places: number[]) => ({ op: "Relu", name: String(places), from: places, fate });
  const { places, lanes } = layout([from(-1), from(0), from(0), from(1), from(2, 3)]);
  expect(places).toEqual([
    { row: 1, lane: 0 },
    { row: 2, lane: 0 },
    { row: 2, lane: 1 },
    { row: 3, lane: 0 },
    { row: 4, lane: 0 },
  ]);
  expect(lanes).toBe(2);
});

test("what has no rule is told with the reason, the rest is open", () => {
  const graph = readOnnx(onnxBytes(unsupported.nodes, unsupported.weights));
  let failure = new Error();
  try {
    convertOnnx(graph);
  } catch (error) {
    failure = error as Error;
  }
  const fates = refusedNodes(graph, "x", failure).map(({ fate }) => fate);
  expect(fates.map(({ kind }) => kind)).toEqual(["open", "open", "open", "unsupported", "open"]);
  expect(fates[3]).toMatchObject({ reason: expect.stringContaining("there is no rule for Cosh") });
  expect(withoutFlags(failure.message)).toMatch(/there is no rule for Cosh/);
  expect(withoutFlags(failure.message)).not.toContain("--");
});
