import { toBytes } from "@flowify/onnx";
import type { GraphModel } from "jax-to-onnx/internal";
import { constant, type NodeText, nodesOf } from "../../../../test/onnx-graph.js";
import { npyBytes } from "../data/npy-files.js";

export const COLUMNS = 4;
export const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(1 + 7 * i));

/** Rows of numbers, as numpy.save writes them. */
export const rowsFile = (count: number): Uint8Array =>
  npyBytes([count, COLUMNS], new Uint8Array(numbers(count * COLUMNS).buffer), { descr: "'<f4'" });

/** A network of rows, 4 → 3 → 2, with other nodes, weights or inputs. */
export const network = (
  nodes: readonly NodeText[] = [
    ["MatMul", ["x", "first"], "hidden"],
    ["Relu", ["hidden"], "active"],
    ["MatMul", ["active", "second"], "scores"],
  ],
  {
    inputs = [{ name: "x", type: "float32", shape: ["N", COLUMNS] }],
    textInputs = [],
    first = numbers(12),
    bounds = [],
  }: Readonly<{
    inputs?: GraphModel["inputs"];
    textInputs?: NonNullable<GraphModel["textInputs"]>;
    first?: Float32Array;
    /** Of a Clip. */
    bounds?: readonly number[];
  }> = {},
): Uint8Array =>
  toBytes({
    name: "network",
    inputs,
    textInputs,
    outputs: [{ name: nodes.at(-1)![2], type: "float32", shape: ["N", "K"] }],
    nodes: nodesOf(nodes),
    constants: [
      constant("first", [COLUMNS, 3], first),
      constant("second", [3, 2], numbers(6)),
      ...bounds.map((bound, i) => constant(i === 0 ? "low" : "high", [], Float32Array.of(bound))),
    ],
  });
