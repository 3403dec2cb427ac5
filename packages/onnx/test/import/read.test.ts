import { create } from "@bufbuild/protobuf";
import { DataError, DomainError, FlowifyError, UnsupportedOpError } from "@flowify/core";
import * as onnx from "onnx-buf";
import { describe, expect, it } from "vitest";
import { NEWEST_OPSET } from "../../src/import/read.js";
import type { Constant } from "../../src/import/tensor.js";
import { convertOnnx, readOnnx } from "../../src/index.js";
import { bytesOf, type FileOptions, file, floats, ints, model, twoLayers } from "./files.js";

const Type = onnx.TensorProto_DataType;

/** The file of two layers with its message changed. */
function changed(change: (message: onnx.ModelProto, graph: onnx.GraphProto) => void): Uint8Array {
  const message = model(twoLayers);
  change(message, message.graph as onnx.GraphProto);
  return bytesOf(message);
}

const initializer = (change: (tensor: onnx.TensorProto) => void): Uint8Array =>
  changed((_, graph) => change(graph.initializer[0] as onnx.TensorProto));

describe("readOnnx", () => {
  it("gives nodes in an order in which they can run, and weights as numbers", () => {
    const shuffled = { ...twoLayers, nodes: [...twoLayers.nodes].reverse() };
    const graph = readOnnx(file(shuffled));
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Gemm", "Relu", "Gemm"]);
    expect(graph.constants.get("w1")).toMatchObject({ shape: [3, 4], element: { kind: "float" } });
    expect(graph.inputs).toEqual([{ name: "x", type: Type.FLOAT, shape: ["N", 4] }]);
  });

  it("takes initializers that are inputs as well, as the first files have them", () => {
    const first = changed((_, graph) => {
      const [x] = graph.input;
      graph.input.push({ ...(x as onnx.ValueInfoProto), name: "w1" });
    });
    expect(readOnnx(first).inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  const numbers = [0.5, -2, 0, 3];
  const raw = (values: { buffer: ArrayBuffer }): Uint8Array<ArrayBuffer> => new Uint8Array(values.buffer);
  it.each<[string, Partial<onnx.TensorProto>]>([
    ["float32 as a field", { dataType: Type.FLOAT, floatData: numbers }],
    ["float64", { dataType: Type.DOUBLE, rawData: raw(Float64Array.from(numbers)) }],
    ["float64 as a field", { dataType: Type.DOUBLE, doubleData: numbers }],
    ["float16", { dataType: Type.FLOAT16, rawData: raw(Uint16Array.of(0x3800, 0xc000, 0, 0x4200)) }],
    ["float16 as a field", { dataType: Type.FLOAT16, int32Data: [0x3800, 0xc000, 0, 0x4200] }],
    ["bfloat16", { dataType: Type.BFLOAT16, rawData: raw(Uint16Array.of(0x3f00, 0xc000, 0, 0x4040)) }],
  ])("reads %s", (_, fields) => {
    const bytes = initializer((tensor) =>
      Object.assign(tensor, { dims: [4n], rawData: new Uint8Array(), ...fields }),
    );
    expect(Array.from<unknown>(readOnnx(bytes).constants.get("w1")?.data ?? [])).toEqual(numbers);
  });

  it.each<[string, Partial<onnx.TensorProto>]>([
    ["int64", { dataType: Type.INT64, rawData: raw(BigInt64Array.of(-1n, 2n)) }],
    ["int64 as a field", { dataType: Type.INT64, int64Data: [-1n, 2n] }],
    ["int32", { dataType: Type.INT32, rawData: raw(Int32Array.of(-1, 2)) }],
    ["int8 as a field", { dataType: Type.INT8, int32Data: [-1, 2] }],
    ["int16", { dataType: Type.INT16, rawData: raw(Int16Array.of(-1, 2)) }],
  ])("reads %s", (_, fields) => {
    const bytes = initializer((tensor) =>
      Object.assign(tensor, { dims: [2n], rawData: new Uint8Array(), ...fields }),
    );
    const { element, data } = readOnnx(bytes).constants.get("w1") as Constant;
    expect(element).toMatchObject({ kind: "int", code: fields.dataType });
    expect(Array.from(data, Number)).toEqual([-1, 2]);
  });

  it("reads weights from a file beside the model", () => {
    const outside = initializer((tensor) =>
      Object.assign(tensor, {
        rawData: new Uint8Array(),
        dataLocation: onnx.TensorProto_DataLocation.EXTERNAL,
        externalData: [
          ["location", "weights.bin"],
          ["offset", "8"],
        ].map(([key, value]) => create(onnx.StringStringEntryProtoSchema, { key: key!, value: value! })),
      }),
    );
    const beside = new Uint8Array(8 + 48);
    beside.set(new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i).buffer), 8);
    const graph = readOnnx(outside, (name) => (name === "weights.bin" ? beside : undefined));
    expect(graph.constants.get("w1")?.data[11]).toBe(11);
    expect(() => readOnnx(outside)).toThrow(/"weights.bin", which is missing/);
    expect(() => readOnnx(outside, () => beside.subarray(1))).toThrow(/needs 48 bytes/);
  });
});

describe("what is no network is refused, with the node or tensor named", () => {
  const notFinite = initializer((tensor) => {
    tensor.rawData = tensor.rawData.slice();
    new DataView(tensor.rawData.buffer).setFloat32(4, Number.NaN, true);
  });
  it.each<[string, Uint8Array, RegExp, new (...args: never[]) => Error]>([
    ["no protobuf", new TextEncoder().encode("not a network"), /not an ONNX file/, DataError],
    ["nothing", new Uint8Array(), /holds no graph/, DataError],
    ["a negative size", initializer((t) => (t.dims = [-3n, -4n])), /"w1": the shape \[-3, -4\]/, DataError],
    ["2 GiB promised", initializer((t) => (t.dims = [1n << 40n])), /"w1": the shape/, DataError],
    [
      "too few bytes",
      initializer((t) => (t.rawData = t.rawData.subarray(4))),
      /12 entries, the file holds 11/,
      DataError,
    ],
    [
      "an unknown type",
      initializer((t) => (t.dataType = Type.STRING)),
      /"w1": numbers of type STRING/,
      DataError,
    ],
    ["NaN", notFinite, /"w1": entry 1 is NaN/, DomainError],
    [
      "a name twice",
      changed((_, g) => (g.initializer[1]!.name = "w1")),
      /two initializers have the name "w1"/,
      DataError,
    ],
    [
      "a value twice",
      changed((_, g) => (g.node[1]!.output = ["h"])),
      /two values have the name "h"/,
      DataError,
    ],
    ["no weight", changed((_, g) => g.initializer.pop()), /Gemm "y" \(node 2\): its input "w2"/, DataError],
    ["a cycle", changed((_, g) => (g.node[0]!.input[0] = "r")), /cycle/, DataError],
    [
      "no output",
      changed((_, g) => (g.output[0]!.name = "z")),
      /output "z" is not computed by any node/,
      DataError,
    ],
    [
      "an opset of the future",
      file({ ...twoLayers, opset: NEWEST_OPSET + 1 }),
      /opset 27, expected 1 to 26/,
      DataError,
    ],
    ["no opset", changed((m) => (m.opsetImport = [])), /has no opset/, DataError],
    [
      "an attribute twice",
      changed((_, g) => g.node[0]!.attribute.push(g.node[0]!.attribute[0]!)),
      /has an attribute twice/,
      DataError,
    ],
    [
      "a subgraph",
      changed((_, g) => (g.node[0]!.attribute[0]!.g = model(twoLayers).graph!)),
      /Gemm "h" \(node 0\): holds a nested graph/,
      UnsupportedOpError,
    ],
  ])("%s", (_, bytes, message, kind) => {
    expect(() => readOnnx(bytes)).toThrow(message);
    expect(() => readOnnx(bytes)).toThrow(kind);
  });

  it("an int where a float belongs", () => {
    const nodes: FileOptions["nodes"] = [["LeakyRelu", ["x"], ["y"], { alpha: 2 }]];
    expect(() => convertOnnx(readOnnx(file({ nodes })))).toThrow(
      /LeakyRelu "y" \(node 0\): its attribute "alpha" is of type INT, expected FLOAT/,
    );
  });

  it("a file cut off at any byte", () => {
    const bytes = file({
      nodes: [
        ["Reshape", ["x", "shape"], ["f"]],
        ["MatMul", ["f", "w"], ["y"]],
      ],
      constants: { shape: ints(-1, 4), w: floats([4, 1], [1, 2, 3, 4]) },
    });
    for (let length = 0; length < bytes.length; length++)
      expect(() => convertOnnx(readOnnx(bytes.subarray(0, length))), `${length} bytes`).toThrow(FlowifyError);
  });

  it("a graph of more messages than a network has", () => {
    const empty = new Uint8Array(2 * 600_000 + 6);
    // field 7, the graph: as many empty nodes as fit
    empty.set([0x3a, 0x80, 0x9f, 0x49]);
    for (let i = 4; i < empty.length; i += 2) empty.set([0x0a, 0x00], i);
    expect(() => readOnnx(empty)).toThrow(/more than 500000 nodes/);
  });
});
