/** Constants of a file are computed as their types hold them: what comes out is what ONNX Runtime gives for the same node. */

import { create } from "@bufbuild/protobuf";
import { ShapeError } from "@flowify/core";
import * as onnx from "onnx-buf";
import { beforeAll, describe, expect, it } from "vitest";
import { standaloneOnnx } from "../../src/browser.js";
import { foldable } from "../../src/import/constants.js";
import type { Constant } from "../../src/import/tensor.js";
import { convertOnnx, openOriginal, readOnnx } from "../../src/index.js";
import { nativeRuntime, type Runtime } from "../../src/runtime.js";
import { bytesOf, type FileOptions, file, floats, model } from "./files.js";

const Type = onnx.TensorProto_DataType;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nativeRuntime();
});

type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;

const types = {
  int64: { code: Type.INT64, room: BigInt64Array },
  int32: { code: Type.INT32, room: Int32Array },
  int8: { code: Type.INT8, room: Int8Array },
  uint8: { code: Type.UINT8, room: Uint8Array },
  float32: { code: Type.FLOAT, room: Float32Array },
  float64: { code: Type.DOUBLE, room: Float64Array },
} as const;
type TypeName = keyof typeof types;

const tensor = (data: Numbers, code: number): onnx.TensorProto =>
  create(onnx.TensorProtoSchema, {
    dims: [BigInt(data.length)],
    dataType: code,
    rawData: new Uint8Array(data.buffer as ArrayBuffer),
  });

/** What the first node of a file makes of constants. */
function folded(options: FileOptions): Constant {
  const graph = readOnnx(file({ ...options, outputs: ["c"] }));
  const [node] = graph.nodes;
  const inputs = node?.inputs.map((name) => graph.constants.get(name)) ?? [];
  return foldable[node?.op ?? ""]?.(node as never, inputs, graph.opset) as Constant;
}

/** What ONNX Runtime makes of the same numbers, as data. */
async function judged(
  op: string,
  type: TypeName,
  operands: readonly Numbers[],
): Promise<(number | bigint)[]> {
  const names = operands.map((_, i) => `x${i}`);
  const { code } = types[type];
  const shape = [operands[0]?.length ?? 0];
  const message = model({
    input: names.map((name) => ({ name, shape, type: code })),
    nodes: [[op, names, ["y"]]],
  });
  const output = message.graph?.output[0]?.type?.value;
  if (output?.case === "tensorType") output.value.elemType = code;
  const session = await runtime.InferenceSession.create(bytesOf(message), {
    graphOptimizationLevel: "disabled",
  });
  const feeds = operands.map((data, i) => [names[i], new runtime.Tensor(type, data as never, shape)]);
  const { y } = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Array.from<number | bigint>(y?.data as BigInt64Array);
}

const edges = {
  int64: [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 3037000500n, -7n, -1n, 0n, 1n, 2n],
  int32: [2147483647, -2147483648, 65536, -7, -1, 0, 1, 2, 46341],
  float32: [16777217, 0.1, -3.7, 1e30, 1e-30, 2, 3],
  float64: [16777217, 0.1, -3.7, 1e200, 1e-200, 2, 3],
} as const;

function pairs(
  type: keyof typeof edges,
  keeps: (a: number | bigint, b: number | bigint) => boolean,
): Numbers[] {
  const each: readonly (number | bigint)[] = edges[type];
  const all = each.flatMap((a) => each.map((b) => [a, b] as const)).filter(([a, b]) => keeps(a, b));
  const { room } = types[type];
  return [0, 1].map((side) => (room as typeof Float64Array).from(all.map((pair) => pair[side] as number)));
}

describe.each(Object.keys(edges) as (keyof typeof edges)[])("%s", (type) => {
  const [, least] = edges[type];
  const divides = (a: number | bigint, b: number | bigint): boolean =>
    type.startsWith("float") || (Number(b) !== 0 && !(a === least && Number(b) === -1));

  it.each(["Add", "Sub", "Mul", "Div"])("%s", async (op) => {
    const operands = pairs(type, op === "Div" ? divides : () => true);
    const [a, b] = operands.map((data) => tensor(data, types[type].code)) as [
      onnx.TensorProto,
      onnx.TensorProto,
    ];
    const { data, element } = folded({ nodes: [[op, ["a", "b"], ["c"]]], constants: { a, b } });
    expect(element.code).toBe(types[type].code);
    expect(Array.from<number | bigint>(data)).toEqual(await judged(op, type, operands));
  });

  it.each(["Neg", "Abs"])("%s", async (op) => {
    const values = (types[type].room as typeof Float64Array).from(edges[type] as readonly number[]);
    const { data } = folded({
      nodes: [[op, ["a"], ["c"]]],
      constants: { a: tensor(values, types[type].code) },
    });
    expect(Array.from<number | bigint>(data)).toEqual(await judged(op, type, [values]));
  });
});

it.each(["int64", "int32"] as const)("the rest of a division: %s", async (type) => {
  const operands = pairs(type, (_, b) => Number(b) !== 0 && Number(b) !== -1);
  const [a, b] = operands.map((data) => tensor(data, types[type].code)) as [
    onnx.TensorProto,
    onnx.TensorProto,
  ];
  const { data } = folded({ nodes: [["Mod", ["a", "b"], ["c"]]], constants: { a, b } });
  expect(Array.from<number | bigint>(data)).toEqual(await judged("Mod", type, operands));
});

describe("types that ONNX Runtime does not compute in", () => {
  it.each([
    ["int8", Int8Array],
    ["uint8", Uint8Array],
  ] as const)("%s wraps around as its arrays do", (type, room) => {
    const [a, b] = [room.of(127, 100, 5, 200), room.of(1, 3, 6, 200)];
    const constants = { a: tensor(a, types[type].code), b: tensor(b, types[type].code) };
    const wanted = {
      Add: a.map((x, i) => x + b[i]!),
      Sub: a.map((x, i) => x - b[i]!),
      Mul: a.map((x, i) => x * b[i]!),
    };
    for (const [op, data] of Object.entries(wanted))
      expect(Array.from<unknown>(folded({ nodes: [[op, ["a", "b"], ["c"]]], constants }).data)).toEqual([
        ...data,
      ]);
  });

  it("powers of integers wrap around, and end", () => {
    const [a, b] = [BigInt64Array.of(3n, -2n, 2n, -1n, 7n), BigInt64Array.of(4n, 63n, 2n ** 40n, -3n, -1n)];
    const constants = { a: tensor(a, Type.INT64), b: tensor(b, Type.INT64) };
    const { data } = folded({ nodes: [["Pow", ["a", "b"], ["c"]]], constants });
    expect(Array.from<unknown>(data)).toEqual([81n, -(2n ** 63n), 0n, -1n, 0n]);
  });
});

describe("Cast", () => {
  const numbers = [
    1 / 3,
    -1 / 3,
    65504,
    65519.9,
    65520,
    1e6,
    2049,
    2051,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    6e-8,
    2e-8,
    0,
  ];

  it.each([
    ["float16", Type.FLOAT16],
    ["bfloat16", Type.BFLOAT16],
  ])("rounds to %s", async (_, code) => {
    const x = Float32Array.from([...numbers, 3.4e38, 1e-40, ...numbers.map((n) => -n)]);
    const there = folded({
      nodes: [["Cast", ["a"], ["c"], { to: code }]],
      constants: { a: tensor(x, Type.FLOAT) },
    });
    expect(there.element.code).toBe(code);
    const message = model({
      input: [{ name: "x", shape: [x.length] }],
      nodes: [
        ["Cast", ["x"], ["h"], { to: code }],
        ["Cast", ["h"], ["y"], { to: Type.FLOAT }],
      ],
    });
    const session = await runtime.InferenceSession.create(bytesOf(message), {
      graphOptimizationLevel: "disabled",
    });
    const { y } = await session.run({ x: new runtime.Tensor("float32", x, [x.length]) });
    await session.release();
    expect(Array.from<unknown>(there.data)).toEqual(Array.from(y?.data as Float32Array));
  });

  it("rounds what is computed in float16", () => {
    const halves = (...bits: number[]) =>
      create(onnx.TensorProtoSchema, {
        dims: [BigInt(bits.length)],
        dataType: Type.FLOAT16,
        int32Data: bits,
      });
    const constants = { a: halves(0x6800, 0x3555), b: halves(0x3c00, 0x4200) }; // 2048 + 1, 0.33325 · 3
    expect([...folded({ nodes: [["Add", ["a", "b"], ["c"]]], constants }).data]).toEqual([2048, 3.333984375]);
    expect([...folded({ nodes: [["Mul", ["a", "b"], ["c"]]], constants }).data]).toEqual([2048, 1]);
  });

  it("wraps integers, keeps their 64 bits, cuts floats and stops at the ends", () => {
    const cast = (data: Numbers, from: number, to: number): unknown[] =>
      Array.from<unknown>(
        folded({ nodes: [["Cast", ["a"], ["c"], { to }]], constants: { a: tensor(data, from) } }).data,
      );
    expect(cast(BigInt64Array.of(2n ** 53n + 1n, -1n, 300n), Type.INT64, Type.UINT64)).toEqual([
      2n ** 53n + 1n,
      2n ** 64n - 1n,
      300n,
    ]);
    expect(cast(BigInt64Array.of(2n ** 31n, -1n, 300n), Type.INT64, Type.INT32)).toEqual([
      -2147483648, -1, 300,
    ]);
    expect(cast(BigInt64Array.of(300n, -1n), Type.INT64, Type.UINT8)).toEqual([44, 255]);
    expect(cast(Float32Array.of(1.7, -1.7, 3e10, -3e10), Type.FLOAT, Type.INT32)).toEqual([
      1, -1, 2147483647, -2147483648,
    ]);
    expect(cast(Float32Array.of(1e30, -1e30), Type.FLOAT, Type.INT64)).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
    expect(cast(Float32Array.of(0, 0.5), Type.FLOAT, Type.BOOL)).toEqual([0, 1]);
  });
});

describe("a division that no integer is the result of", () => {
  const dividing = (a: bigint, b: bigint): FileOptions => ({
    nodes: [
      ["Div", ["a", "b"], ["c"]],
      ["Cast", ["c"], ["d"], { to: Type.FLOAT }],
      ["Add", ["x", "d"], ["y"]],
    ],
    constants: {
      a: tensor(BigInt64Array.of(a), Type.INT64),
      b: tensor(BigInt64Array.of(b), Type.INT64),
    },
  });

  it.each([
    [7n, 0n],
    [-(2n ** 63n), -1n],
  ])("%s by %s is refused", (a, b) => {
    const graph = readOnnx(file(dividing(a, b)));
    expect(() => convertOnnx(graph)).toThrow(ShapeError);
    expect(() => convertOnnx(graph)).toThrow(`Div "c" (node 0): divides ${a} by ${b}, which is no INT64`);
  });

  it("does not reach ONNX Runtime from what the network is not made of", async () => {
    const { nodes, constants } = dividing(-(2n ** 63n), -1n);
    const bytes = file({
      nodes: [...nodes.slice(0, 1), ["Relu", ["x"], ["y"]]],
      constants: { ...constants, unused: floats([1], [1]) },
    });
    const original = await openOriginal(runtime, standaloneOnnx(bytes, convertOnnx(readOnnx(bytes))));
    expect([...(await original.run(Float32Array.of(1, -1, 2, -2)))]).toEqual([1, 0, 2, 0]);
    await original.dispose();
  });
});
