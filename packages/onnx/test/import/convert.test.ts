import { DataError, flowify, ShapeError, UnsupportedOpError, UsageError } from "@flowify/core";
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

it.each<[string, FileOptions["nodes"]]>([
  [
    "in front of a layer",
    [
      ["Softmax", ["x"], ["s"]],
      ["MatMul", ["s", "w"], ["y"]],
    ],
  ],
  [
    "behind a node that changes nothing",
    [
      ["Softmax", ["x"], ["s"]],
      ["Identity", ["s"], ["i"]],
      ["MatMul", ["i", "w"], ["y"]],
    ],
  ],
  [
    "one after the other",
    [
      ["Softmax", ["x"], ["s"]],
      ["Softmax", ["s"], ["t"]],
      ["Neg", ["t"], ["y"]],
    ],
  ],
  [
    "as a branch",
    [
      ["Softmax", ["x"], ["s"]],
      ["Mul", ["s", "x"], ["y"]],
    ],
  ],
])("a Softmax inside of a network is a layer: %s", async (_, nodes) => {
  const { leftOut } = await expectSameFunction(model({ nodes, constants: { w: spread([4, 4]) } }), {
    batch: 2,
  });
  expect(leftOut).toEqual([]);
});

/** Attention of two heads as PyTorch writes it: the batch moves behind an axis that is then split off. */
const attention = (batch: number | string): FileOptions => ({
  input: [{ name: "x", shape: [batch, 3, 4] }],
  nodes: [
    ["MatMul", ["x", "w"], ["all"]],
    ["Reshape", ["all", "heads"], ["h"]],
    ["Transpose", ["h"], ["t"], { perm: [2, 0, 3, 1, 4] }],
    ["Split", ["t"], ["q1", "k1", "v1"], { axis: 0, num_outputs: 3 }],
    ["Squeeze", ["q1", "first"], ["q"]],
    ["Squeeze", ["k1", "first"], ["k"]],
    ["Gather", ["t", "two"], ["v"], { axis: 0 }],
    ["Transpose", ["k"], ["kt"], { perm: [0, 1, 3, 2] }],
    ["MatMul", ["q", "kt"], ["scores"]],
    ["Trilu", ["ones"], ["lower"], { upper: 0 }],
    ["Equal", ["lower", "zero"], ["mask"]],
    ["Where", ["mask", "nothing", "scores"], ["masked"]],
    ["Softmax", ["masked"], ["weights"], { axis: -1 }],
    ["MatMul", ["weights", "v"], ["o"]],
    ["Transpose", ["o"], ["back"], { perm: [0, 2, 1, 3] }],
    ["Reshape", ["back", "rows"], ["r"]],
    ["Add", ["x", "r"], ["y"]],
  ],
  constants: {
    w: spread([4, 12]),
    heads: ints(0, 0, 3, 2, 2),
    rows: ints(0, 0, 4),
    first: ints(0),
    two: { ...ints(2), dims: [] },
    ones: floats([3, 3], new Array(9).fill(1)),
    zero: floats([], [0]),
    nothing: floats([], [Number.NEGATIVE_INFINITY]),
  },
});

it.each(["N", 1])(
  "attention beside a residual is a function whose result is appended: batch of %s",
  async (batch) => {
    const { network } = await expectSameFunction(model(attention(batch)), { batch: batch === 1 ? 1 : 3 });
    expect(network.layers.map(({ kind }) => kind)).toEqual(["branches"]);
    expect(network.layers[0]).toMatchObject({ join: "add", carry: 0 });
    const { exact, dimensions } = flowify(network);
    expect([exact, dimensions]).toEqual([false, 12]);
  },
);

it("gives each branch its part of a value that is split, in whatever order", async () => {
  const { network } = await expectSameFunction(
    model({
      input: [{ name: "x", shape: [2, 3, 6] }],
      nodes: [
        ["Split", ["x"], ["a", "b", "c"], { axis: 2, num_outputs: 3 }],
        ["Sigmoid", ["a"], ["g"]],
        ["Concat", ["c", "g", "b"], ["y"], { axis: 2 }],
      ],
    }),
  );
  expect(network.layers.map(({ kind }) => kind)).toEqual(["transpose", "take", "branches"]);
  expect(network.layers.at(-1)).toMatchObject({ join: "concat", parts: [2, 2, 2] });
});

it("reads results that are all kept, one more at a time, without reading each of them again", async () => {
  const layer = (i: number): FileOptions["nodes"] => [
    ["Concat", ["x", ...Array.from({ length: i }, (_, k) => `h${k}`)], [`c${i}`], { axis: 1 }],
    ["MatMul", [i === 0 ? "x" : `c${i}`, `w${i}`], [`m${i}`]],
    ["Tanh", [`m${i}`], [`h${i}`]],
  ];
  const deep: FileOptions = {
    input: [{ name: "x", shape: ["N", 4] }],
    nodes: [...Array.from({ length: 18 }, (_, i) => layer(i)).flat(), ["Identity", ["c17"], ["y"]]],
    constants: Object.fromEntries(Array.from({ length: 18 }, (_, i) => [`w${i}`, spread([4 + i, 1], i)])),
  };
  const { network } = await expectSameFunction(model(deep), { batch: 2 });
  expect(network.layers).toHaveLength(17);
  expect(network.layers.every((each) => each.kind === "branches" && each.carry === 0)).toBe(true);
});

it("splits for a gate, exactly", () => {
  const { layers } = convert({
    input: [{ name: "x", shape: ["N", 6] }],
    nodes: [
      ["Split", ["x"], ["a", "b"], { axis: 1, num_outputs: 2 }],
      ["LeakyRelu", ["b"], ["g"]],
      ["Mul", ["a", "g"], ["y"]],
    ],
  }).network;
  expect(flowify({ inShape: [6], layers }).exact).toBe(true);
});

describe("what no layer does is refused: operator, node, place, and what it would take", () => {
  const at = (shape: (string | number)[], ...nodes: FileOptions["nodes"]): FileOptions => ({
    input: [{ name: "x", shape }],
    nodes,
    constants: { w: spread([4, 4]), row: spread([2, 4], 2), big: spread([3, 4]), zero: floats([], [0]) },
  });
  it.each<[string, FileOptions, RegExp]>([
    [
      "no rule",
      at(["N", 4], ["Erf", ["x"], ["y"]]),
      /^Erf "y" \(node 0\): there is no rule for Erf on data; there are rules for .*\nwrite a rule that turns it into layers, by the option rules/,
    ],
    [
      "a power",
      at(["N", 4], ["Relu", ["x"], ["r"]], ["Mul", ["r", "x"], ["m"]], ["Pow", ["m", "x"], ["y"]]),
      /^Pow "y" \(node 2\): there is no rule for Pow/,
    ],
    ["a division by data", at(["N", 4], ["Div", ["w", "x"], ["y"]]), /divides by the data/],
    [
      "a product of vectors",
      at(["N", 4], ["MatMul", ["x", "x"], ["y"]]),
      /expected as many matrices of both/,
    ],
    ["a mask of the data", at(["N", 4], ["Where", ["x", "w", "w"], ["y"]]), /expected a constant mask/],
    ["a product from the right", at([4, 4], ["MatMul", ["w", "x"], ["y"]]), /from the right/],
    [
      "a logarithm of a softmax inside",
      at(["N", 4], ["LogSoftmax", ["x"], ["g"]], ["MatMul", ["g", "w"], ["y"]]),
      /^LogSoftmax "g" \(node 0\): it is inside/,
    ],
    [
      "a softmax over the batch",
      at(["N", 4], ["Softmax", ["x"], ["y"], { axis: 0 }]),
      /^Softmax "y" \(node 0\): it acts across the examples/,
    ],
    ["rounding", at(["N", 4], ["Cast", ["x"], ["y"], { to: 6 }]), /rounds the data/],
    ["mixing a batch", at([6, 4], ["Reshape", ["x", "s"], ["y"]]), /mixes the examples of a batch/],
    [
      "a constant for each example of a batch",
      at([2, 4], ["Add", ["x", "row"], ["y"]]),
      /differs between the examples/,
    ],
    [
      "a constant that enlarges",
      at(["N", 4], ["Add", ["x", "big"], ["y"]]),
      /to a larger shape; no layer does/,
    ],
    [
      "padding by a mode of later versions",
      at([1, 1, 4, 4], ["Pad", ["x", "p"], ["y"], { mode: "mirror" }]),
      /pads by mirror; expected reflect/,
    ],
    ["cropping one side of two", at([1, 1, 4, 4], ["Pad", ["x", "crop"], ["y"]]), /both pads and crops/],
    ["a Gather by the data", at(["N", 4], ["Gather", ["w", "x"], ["y"]]), /its first input is a constant/],
    [
      "a cubic Resize",
      at([1, 1, 4, 4], ["Resize", ["x", "", "four"], ["y"], { mode: "cubic" }]),
      /resizes by cubic/,
    ],
    ["an empty Slice", at(["N", 4], ["Slice", ["x", "one", "one", "one"], ["y"]]), /takes no entries/],
    [
      "another output",
      at(["N", 4], ["Dropout", ["x"], ["d", "mask"]], ["Relu", ["mask"], ["y"]]),
      /a second output of a node/,
    ],
    [
      "a function of constants",
      at(["N", 4], ["Erf", ["w"], ["e"]], ["Add", ["x", "e"], ["y"]]),
      /no rule for Erf on constants/,
    ],
  ])("%s", (_, options, message) => {
    const constants = {
      ...options.constants,
      s: ints(8, 3),
      p: ints(0, 0, 1, 1, 0, 0, 1, 1),
      crop: ints(0, 0, -1, 0, 0, 0, 1, 0),
      one: ints(1),
      four: floats([4], [1, 1, 2, 2]),
    };
    const run = () => convert({ ...options, constants });
    expect(run).toThrow(message);
    expect(run).toThrow(UnsupportedOpError);
  });

  it.each<[string, FileOptions, RegExp]>([
    [
      "a dense weight",
      at(["N", 5], ["MatMul", ["x", "w"], ["y"]]),
      /MatMul "y" \(node 0\): a weight \[4, 4\] on data \[1, 5\]/,
    ],
    ["a convolution", at([1, 1, 4, 4], ["Conv", ["x", "w"], ["y"]]), /a weight \[4, 4\] in 1 groups/],
    ["a reshape", at(["N", 5], ["Reshape", ["x", "s"], ["y"]]), /cannot reshape \[1, 5\] to \[8, 3\]/],
    [
      "a kernel larger than the image",
      at([1, 1, 4, 4], ["MaxPool", ["x"], ["y"], { kernel_shape: [5, 5] }]),
      /over 5 entries on 4/,
    ],
    ["an axis", at(["N", 4], ["Concat", ["x", "x"], ["y"], { axis: 3 }]), /has no axis 3 of 2/],
  ])("sizes that do not fit: %s", (_, options, message) => {
    const run = () => convert({ ...options, constants: { ...options.constants, s: ints(8, 3) } });
    expect(run).toThrow(message);
    expect(run).toThrow(ShapeError);
  });

  it("branches that cross again and again", () => {
    const crossing = Array.from({ length: 20 }, (_, i): FileOptions["nodes"] => {
      const [a, b] = i === 0 ? ["x", "x"] : [`a${i - 1}`, `b${i - 1}`];
      return [
        ["Add", [a, b], [`a${i}`]],
        ["Sub", [a, b], [`b${i}`]],
      ];
    });
    const run = () => convert(at(["N", 4], ...crossing.flat(), ["Relu", ["a19"], ["y"]]));
    expect(run).toThrow(/cross so often that they need more than 20000 layers/);
  });
});
