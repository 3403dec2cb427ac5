import { DataError, UnsupportedOpError, UsageError } from "@flowify/core";
import type { OrdinaryLayer } from "@flowify/core/internal";
import * as onnx from "onnx-buf";
import { describe, expect, it } from "vitest";
import { type ConvertOptions, convertOnnx, readOnnx } from "../../src/index.js";
import { bytesOf, type FileOptions, file, floats, ints, model, spread, twoLayers } from "./files.js";
import { expectSameFunction } from "./judge.js";

const convert = (options: FileOptions, choice?: ConvertOptions) =>
  convertOnnx(readOnnx(file(options)), choice);
const kinds = (options: FileOptions, choice?: ConvertOptions) =>
  convert(options, choice).network.layers.map(({ kind }) => kind);

describe("convertOnnx", () => {
  it("gives layers with the nodes that they came from", () => {
    const { network, origins, output, outShape } = convert(twoLayers);
    expect(network).toMatchObject({
      inShape: [4],
      layers: [{ kind: "linear", out: 3 }, { kind: "relu" }, { kind: "linear", out: 2 }],
    });
    expect(origins.map((nodes) => nodes.map(({ name }) => name))).toEqual([["h"], ["r"], ["y"]]);
    expect([output, outShape]).toEqual(["y", [2]]);
  });

  it("puts constants into the weights in front of them", async () => {
    const { network, origins } = await expectSameFunction(
      model({
        input: [{ name: "x", shape: [2, 3, 5, 5] }],
        nodes: [
          ["Conv", ["x", "w"], ["c"]],
          ["BatchNormalization", ["c", "s", "b", "m", "v"], ["n"]],
          ["Add", ["n", "shift"], ["a"]],
          ["Mul", ["a", "two"], ["y"]],
        ],
        constants: {
          w: spread([4, 3, 2, 2]),
          s: spread([4], 2),
          b: spread([4], 3),
          m: spread([4], 4),
          v: floats([4], [0.5, 1, 2, 3]),
          shift: spread([4, 1, 1], 5),
          two: floats([], [2]),
        },
      }),
    );
    expect(network.layers.map(({ kind }) => kind)).toEqual(["conv2d"]);
    expect(origins[0]?.map(({ op }) => op)).toEqual(["Conv", "BatchNormalization", "Add", "Mul"]);
  });

  it("computes the shapes that a network works out for itself", async () => {
    const flattening: FileOptions = {
      input: [{ name: "x", shape: ["batch", 2, 3, 3] }],
      nodes: [
        ["Shape", ["x"], ["s"]],
        ["Gather", ["s", "zero"], ["n"], { axis: 0 }],
        ["Unsqueeze", ["n", "first"], ["n1"]],
        ["Constant", [], ["rest"], { value: ints(-1) }],
        ["Concat", ["n1", "rest"], ["target"], { axis: 0 }],
        ["Reshape", ["x", "target"], ["f"]],
        ["Gemm", ["f", "w"], ["y"], { transB: 1 }],
      ],
      constants: { zero: { ...ints(0), dims: [] }, first: ints(0), w: spread([4, 18]) },
    };
    await expectSameFunction(model(flattening), { batch: 5 });
    expect(kinds(flattening)).toEqual(["reshape", "linear"]);
  });

  it("computes constants of every kind", async () => {
    const c = (value: number) => floats([], [value]);
    const { network } = await expectSameFunction(
      model({
        input: [{ name: "x", shape: [1, 2, 2] }],
        nodes: [
          ["Range", ["one", "seven", "one"], ["r"]],
          ["Reshape", ["r", "wide"], ["r2"]],
          ["Transpose", ["r2"], ["t"]],
          ["Slice", ["t", "start", "end", "axes", "step"], ["cut"]],
          ["Expand", ["cut", "full"], ["e"]],
          ["Sqrt", ["e"], ["root"]],
          ["ConstantOfShape", ["full"], ["of"], { value: floats([1], [0.5]) }],
          ["Sub", ["root", "of"], ["low"]],
          ["Cast", ["wide"], ["sizes"], { to: 1 }],
          ["Squeeze", ["low", "first"], ["l"]],
          ["Mul", ["l", "sizes"], ["m"]],
          ["Div", ["m", "two"], ["d"]],
          ["Add", ["x", "d"], ["y"]],
        ],
        constants: {
          one: c(1),
          seven: c(7),
          two: c(2),
          wide: ints(2, 3),
          full: ints(1, 2, 2),
          start: ints(-1),
          end: ints(-(2 ** 63)),
          axes: ints(0),
          step: ints(-2),
          first: ints(0),
        },
      }),
    );
    expect(network.layers).toHaveLength(1);
  });

  it("writes branches as lists in lists", async () => {
    const nested: FileOptions = {
      input: [{ name: "x", shape: ["N", 2, 6, 6] }],
      nodes: [
        ["Conv", ["x", "w"], ["a"], { pads: [1, 1, 1, 1] }],
        ["Relu", ["a"], ["ar"]],
        ["Conv", ["ar", "w"], ["b"], { pads: [1, 1, 1, 1] }],
        ["Sigmoid", ["b"], ["bs"]],
        ["Concat", ["b", "bs"], ["c"], { axis: 1 }],
        ["Conv", ["c", "down"], ["d"]],
        ["Add", ["d", "x"], ["s"]],
        ["Add", ["s", "ar"], ["y"]],
      ],
      constants: { w: spread([2, 2, 3, 3]), down: spread([2, 4, 1, 1], 2) },
    };
    const { network } = await expectSameFunction(model(nested), { batch: 3 });
    expect(network.layers).toHaveLength(1);
    expect(network.layers[0]).toMatchObject({ kind: "branches", join: "add" });
  });

  it("reads the attributes and the broadcasting of the first opsets", () => {
    const old: FileOptions = {
      opset: 1,
      input: [{ name: "x", shape: [1, 2, 3] }],
      nodes: [
        ["Mul", ["x", "c"], ["m"], { broadcast: 1, axis: 1, consumed_inputs: [0, 0] }],
        ["ImageScaler", ["m"], ["i"], { scale: { float: 2 }, bias: { floats: [1, -1] } }],
        ["Sigmoid", ["i"], ["s"]],
        ["Reshape", ["s"], ["y"], { shape: [1, 6] }],
      ],
      constants: { c: floats([2], [2, 3]) },
    };
    const { network } = convert(old);
    expect(network.layers).toEqual([
      { kind: "affine", scale: Float32Array.of(4, 6), shift: Float32Array.of(1, -1) },
      { kind: "sigmoid" },
      { kind: "reshape", shape: [6] },
    ]);
  });

  it("leaves a softmax at the end out and says so", () => {
    const ended = {
      ...twoLayers,
      nodes: [
        ...twoLayers.nodes.slice(0, 2),
        ["Gemm", ["r", "w2"], ["l"], { transB: 1 }],
        ["Softmax", ["l"], ["y"]],
      ],
    } as FileOptions;
    const { leftOut, output } = convert(ended);
    expect([leftOut.map(({ op }) => op), output]).toEqual([["Softmax"], "l"]);
  });

  it("takes a rule of one's own, for an operator of another domain too", () => {
    const message = model({ nodes: [["Twice", ["x"], ["y"]]] });
    message.graph!.node[0]!.domain = "my.ops";
    const graph = readOnnx(bytesOf(message));
    expect(() => convertOnnx(graph)).toThrow(/no rule for my.ops:Twice on data/);
    const twice: OrdinaryLayer = { kind: "affine", scale: Float32Array.of(2) };
    const rules = { "my.ops:Twice": () => [twice] };
    expect(convertOnnx(graph, { rules }).network.layers).toEqual([twice]);
  });
});

describe("inputs and outputs", () => {
  const two: FileOptions = {
    input: [
      { name: "x", shape: ["N", 4] },
      { name: "z", shape: ["N", 4] },
    ],
    outputs: ["y", "t"],
    nodes: [
      ["Relu", ["x"], ["h"]],
      ["Sigmoid", ["h"], ["y"]],
      ["Tanh", ["z"], ["t"]],
      ["Add", ["h", "z"], ["both"]],
    ],
  };

  it("are chosen where there are several; any value can be the output", () => {
    expect(() => convert(two)).toThrow(
      /2 inputs: "x" \[N, 4\], "z" \[N, 4\]\nchoose one by the option input/,
    );
    expect(() => convert(two, { input: "x" })).toThrow(/2 outputs/);
    expect(kinds(two, { input: "x", output: "y" })).toEqual(["relu", "sigmoid"]);
    expect(kinds(two, { input: "z", output: "t" })).toEqual(["tanh"]);
    expect(kinds(two, { input: "x", output: "h" })).toEqual(["relu"]);
    expect(() => convert(two, { input: "q" })).toThrow(UsageError);
    expect(() => convert(two, { input: "x", output: "q" })).toThrow(UsageError);
    expect(() => convert(two, { input: "x", output: "t" })).toThrow(
      /Tanh "t" \(node 2\): its input "z" is a second input/,
    );
    expect(() => convert(two, { input: "x", output: "both" })).toThrow(UnsupportedOpError);
  });

  const open = (shape: (string | number)[]): FileOptions => ({
    input: [{ name: "x", shape }],
    nodes: [["Relu", ["x"], ["y"]]],
  });
  it("sizes that the file leaves open are asked for, but that of the batch", () => {
    expect(convert(open(["N", 3, 4])).network.inShape).toEqual([3, 4]);
    expect(() => convert(open(["N", 3, "H"]))).toThrow(
      /axis 2 has no size in the file\nset the shape of an example, such as 1,28,28, by the option inputShape/,
    );
    expect(convert(open(["N", 3, "H"]), { inputShape: [3, 8] }).network.inShape).toEqual([3, 8]);
    expect(() => convert(open(["N", 3, "H"]), { inputShape: [4, 8] })).toThrow(UsageError);
    expect(convert(open([5])).network.inShape).toEqual([5]);
    expect(() => convert(open([1, -2]))).toThrow(DataError);
    expect(() => convert(open([1, 2 ** 40]))).toThrow(DataError);
    expect(() => convert(open([1, 2 ** 25]))).toThrow(DataError);
  });

  it("integers have no density", () => {
    const integers = {
      ...open([1, 4]),
      input: [{ name: "x", shape: [1, 4], type: onnx.TensorProto_DataType.INT64 }],
    };
    expect(() => convert(integers)).toThrow(/"x" holds INT64, expected floating point/);
  });
});
