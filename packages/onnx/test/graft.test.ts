/** Outputs that are added to a file: its own stay, whatever its opset and its format. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { GraphModel } from "jax-to-onnx/internal";
import * as onnx from "onnx-buf";
import { describe, expect, it } from "vitest";
import { constant, type NodeText, nodesOf } from "../../../test/onnx-graph.js";
import { loadRuntime, openGiven, openOriginal, toBytes, withBuiltIn } from "../src/index.js";

const numbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1));

const network = (nodes: readonly NodeText[], inputs = ["x"]): GraphModel => ({
  name: "network",
  inputs: inputs.map((name) => ({ name, type: "float32", shape: name === "x" ? ["N", 4] : [1, 3] })),
  outputs: [{ name: nodes.at(-1)![2], type: "float32", shape: ["N", 3] }],
  nodes: nodesOf(nodes),
  constants: [constant("w1", [4, 5], numbers(20)), constant("w2", [5, 3], numbers(15))],
});
const plain = network([
  ["MatMul", ["x", "w1"], "h"],
  ["Relu", ["h"], "r"],
  ["MatMul", ["r", "w2"], "y"],
]);

/** The largest activation, or minus the sum where it is not above 1. */
const part: GraphModel = {
  name: "part",
  inputs: [{ name: "r", type: "float32", shape: ["N", 5] }],
  outputs: [{ name: "found", type: "float32", shape: ["N", 1] }],
  nodes: nodesOf([
    ["ReduceMax", ["r", "axes"], "most", { keepdims: 1 }],
    ["ReduceSum", ["r", "axes"], "sum", { keepdims: 1 }],
    ["Neg", ["sum"], "less"],
    ["LessOrEqual", ["most", "one"], "isSmall"],
    ["Where", ["isSmall", "less", "most"], "found"],
  ]),
  constants: [
    { name: "axes", type: "int64", shape: [1], data: BigInt64Array.of(1n) },
    constant("one", [1], Float32Array.of(1)),
    constant("nobody reads it", [1], Float32Array.of(1)),
  ],
  metadata: { made: "here" },
};

/** A file of another opset, in the format of that time, where constants are also inputs. */
function older(graph: GraphModel, opset: number): Uint8Array {
  const model = fromBinary(onnx.ModelProtoSchema, toBytes(graph));
  model.opsetImport[0]!.version = BigInt(opset);
  if (opset >= 9) return toBinary(onnx.ModelProtoSchema, model);
  model.irVersion = 3n;
  for (const { name, dims, dataType } of model.graph!.initializer) {
    const dim = dims.map((value) =>
      create(onnx.TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value } }),
    );
    const shape = create(onnx.TensorShapeProtoSchema, { dim });
    const value = create(onnx.TypeProto_TensorSchema, { elemType: dataType, shape });
    const type = create(onnx.TypeProtoSchema, { value: { case: "tensorType", value } });
    model.graph!.input.push(create(onnx.ValueInfoProtoSchema, { name, type }));
  }
  return toBinary(onnx.ModelProtoSchema, model);
}

async function run(bytes: Uint8Array) {
  const opened = await openOriginal(await loadRuntime(), bytes, { input: "x" });
  const found = await opened.all(numbers(28), 3);
  await opened.dispose();
  return found;
}

describe("a file with added outputs", () => {
  it.each([7, 8, 9, 10, 11, 12, 13, 17, 18, 21])("of opset %i", async (opset) => {
    const bytes = older(plain, opset);
    const given = openGiven(bytes);
    const extended = given.with(part);
    const [wanted, found] = [await run(bytes), await run(extended)];
    expect(found.y).toEqual(wanted.y);
    expect(Object.keys(found)).toEqual(["y", "found"]);
    expect(new TextDecoder("latin1").decode(extended)).not.toContain("nobody reads it");
    const { r } = await run(given.showing(["r"]));
    const expected = Array.from({ length: 7 }, (_, i) => {
      const row = Array.from((r!.data as Float32Array).subarray(5 * i, 5 * i + 5));
      const most = Math.max(...row);
      return most > 1 ? most : -row.reduce((a, b) => a + b);
    });
    Array.from(found.found!.data as Float32Array).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    const again = openGiven(extended);
    expect(again.metadata.get("made")).toBe("here");
    expect(() => again.with(part)).toThrow('it has a value "found" already');
  });

  it("goes through its dominators: none within a branch", () => {
    const branches = network([
      ["MatMul", ["x", "w1"], "h"],
      ["Relu", ["h"], "left"],
      ["Tanh", ["h"], "right"],
      ["Add", ["left", "right"], "sum"],
      ["MatMul", ["sum", "w2"], "y"],
    ]);
    const { line } = openGiven(toBytes(branches));
    expect(line.map(({ name }) => name)).toEqual(["x", "h", "sum", "y"]);
    expect(line.filter(({ isRead }) => isRead).map(({ name }) => name)).toEqual(["x", "sum"]);
  });

  it("gives zeros to inputs beside the data", async () => {
    const two = network(
      [
        ["MatMul", ["x", "w1"], "h"],
        ["MatMul", ["h", "w2"], "z"],
        ["Add", ["z", "state"], "y"],
      ],
      ["x", "state"],
    );
    expect(() => openGiven(toBytes(two))).toThrow(
      "it has 2 inputs, x, state\nname the one of the data with --input",
    );
    const one = network([
      ["MatMul", ["x", "w1"], "h"],
      ["MatMul", ["h", "w2"], "y"],
    ]);
    expect((await run(openGiven(toBytes(two), undefined, { input: "x" }).showing([]))).y).toEqual(
      (await run(toBytes(one))).y,
    );
    const built = withBuiltIn(toBytes(two), new Map([["state", 3]]));
    expect(openGiven(built).others).toEqual([]);
    const [plainY, shifted] = [(await run(toBytes(one))).y!, (await run(built)).y!].map(({ data }) =>
      Array.from(data as Float32Array),
    );
    expect(shifted).toEqual(plainY!.map((value) => expect.closeTo(value + 3, 5)));
  });

  it("refuses an older opset where an operator had another meaning", () => {
    const bytes = older(network([["Upsample", ["x"], "y"]]), 8);
    expect(() => openGiven(bytes).with(part)).toThrow(
      "its operators are of opset 8, and Upsample has another meaning later",
    );
    expect(() => openGiven(older(plain, 6)).with(part)).toThrow("opset 6; expected 9 at least");
  });
});

it.each<[string, readonly NodeText[], boolean]>([
  ["that a convolution reads", [["Conv", ["x", "w1"], "y"]], true],
  [
    "that is scaled first",
    [
      ["Sub", ["x", "one"], "s"],
      ["Div", ["s", "one"], "d"],
      ["Conv", ["d", "w1"], "y"],
    ],
    true,
  ],
  [
    "with its channels last",
    [
      ["Transpose", ["x"], "t", { perm: [0, 3, 1, 2] }],
      ["Conv", ["t", "w1"], "y"],
    ],
    false,
  ],
  ["that a product reads", [["MatMul", ["x", "w1"], "y"]], false],
])("an input %s has its channels in front, or not", (_, nodes, isSpatial) => {
  const { line } = openGiven(toBytes(network(nodes)));
  expect(line[0]).toMatchObject({ name: "x", op: "", isSpatial });
});
