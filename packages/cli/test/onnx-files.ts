import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBytes } from "@flowify/onnx";
import type { GraphModel } from "jax-to-onnx/internal";
import { constant, type NodeText, nodesOf } from "../../../test/onnx-graph.js";

const numbers = (size: number, seed = 1): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 2 * ((seed * 0.37 + (i + 1) * 0.6180339887) % 1) - 1);

/** An ONNX file of these nodes for images of 4 × 4. */
export function writeOnnx(root: string, name: string, nodes: readonly NodeText[]): string {
  const weights = (key: string, shape: readonly number[], seed: number) =>
    constant(
      key,
      shape,
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    );
  const graph: GraphModel = {
    name,
    inputs: [{ name: "x", type: "float32", shape: ["N", 1, 4, 4] }],
    outputs: [{ name: nodes.at(-1)![2], type: "float32", shape: ["N", 3] }],
    nodes: nodesOf(nodes),
    constants: [
      weights("w1", [6, 16], 1),
      weights("b1", [6], 2),
      weights("w2", [3, 6], 3),
      weights("b2", [3], 4),
      { name: "axis", type: "int64" as const, shape: [], data: BigInt64Array.of(1n) },
    ],
  };
  const path = join(root, `${name}.onnx`);
  writeFileSync(path, toBytes(graph));
  return path;
}

/** 16 → 6 → 3 with a ReLU between. */
export const dense: readonly NodeText[] = [
  ["Flatten", ["x"], "f"],
  ["Gemm", ["f", "w1", "b1"], "h", { transB: 1 }],
  ["Relu", ["h"], "r"],
  ["Gemm", ["r", "w2", "b2"], "logits", { transB: 1 }],
];
