/** Files that take and return other numbers than float32. */

import { create } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { expect, it } from "vitest";
import { float16, fromHalves, halfOf } from "../../src/import/elements.js";
import { loadRuntime, openGiven, openOriginal } from "../../src/index.js";
import { bytesOf, model } from "./files.js";

const Type = onnx.TensorProto_DataType;

it("rounds to 16 bits and back: every number, and halfway between two", () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [value, next] = [float16(bits), float16(bits + 1)];
    expect(halfOf(value)).toBe(bits);
    expect(halfOf(-value)).toBe(bits | 0x8000);
    const [tie, even] = bits < 0x7bff ? [(value + next) / 2, bits + (bits & 1)] : [value, bits];
    expect(halfOf(tie)).toBe(even);
  }
  expect([Number.POSITIVE_INFINITY, 1e6, Number.NaN].map(halfOf)).toEqual([0x7c00, 0x7c00, 0x7e00]);
  expect(fromHalves(Uint16Array.of(0x3c00, 0xc000))).toEqual(Float32Array.of(1, -2));
});

it.each([
  ["float16", Type.FLOAT16, Uint16Array.of(0x3c00, 0x4000)],
  ["float64", Type.DOUBLE, Float64Array.of(1, 2)],
])("runs a file of %s, and gives zeros to a second input", async (_, code, w) => {
  const tensor = create(onnx.TensorProtoSchema, {
    dims: [2n],
    dataType: code,
    rawData: new Uint8Array(w.buffer),
  });
  const message = model({
    input: ["x", "state"].map((name) => ({ name, shape: ["N", 2], type: code })),
    outputs: [{ name: "y", type: code }],
    nodes: [
      ["Mul", ["x", "w"], ["m"]],
      ["Add", ["m", "state"], ["y"]],
    ],
    constants: { w: tensor },
  });
  const bytes = bytesOf(message);
  expect(() => openGiven(bytes, undefined, { input: "x" })).toThrow(/export the network with float32 inputs/);
  const given = openGiven(bytes, undefined, { input: "x", anyFloat: true });
  const network = await openOriginal(await loadRuntime(), bytes, { input: given.input.name });
  const { y } = await network.all(Float32Array.of(0.5, -1, 3, 0.25), 3);
  expect(Array.from(y?.data ?? [])).toEqual([0.5, -2, 3, 0.5]);
  expect(await network.run(Float32Array.of(0.5, -1))).toEqual(Float32Array.of(0.5, -2));
  await network.dispose();
});
