import type { GraphModel } from "jax-to-onnx/internal";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { toBytesInPlace } from "../src/in-place.js";
import { runInPlace } from "../src/run-in-place.js";

const SIZE = 2 ** 20;
const f32 = (shape: readonly number[]) => ({ type: "float32", shape }) as const;
/** x [1] ↦ y = x + x, and z [2²⁰] filled with x. */
const graph: GraphModel = {
  name: "filled",
  inputs: [{ name: "x", ...f32([1]) }],
  outputs: [
    { name: "y", ...f32([1]) },
    { name: "z", ...f32([SIZE]) },
  ],
  nodes: [
    { op: "Add", domain: "", inputs: ["x", "x"], outputs: ["y"], attributes: {} },
    { op: "Expand", domain: "", inputs: ["x", "shape"], outputs: ["z"], attributes: {} },
  ],
  constants: [{ name: "shape", type: "int64", shape: [1], data: BigInt64Array.of(BigInt(SIZE)) }],
};
const tensor = (data: Float32Array): Tensor => new Tensor("float32", data, [data.length]);
const open = () => InferenceSession.create(toBytesInPlace(graph), { logSeverityLevel: 3 });

it("leaves results in the memory that they are given, and makes no arrays for them", async () => {
  const session = await open();
  const results = { y: tensor(new Float32Array(1)), z: tensor(new Float32Array(SIZE)) };
  await runInPlace(session, { x: tensor(Float32Array.of(1)) }, results);
  const before = process.memoryUsage().arrayBuffers;
  for (const value of [2, 3, 4]) {
    await runInPlace(session, { x: tensor(Float32Array.of(value)) }, results);
    expect(results.y.data[0]).toBe(2 * value);
    expect((results.z.data as Float32Array).every((found) => found === value)).toBe(true);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * SIZE);
  await session.release();
});

it("a run that fails is an error still", async () => {
  const session = await open();
  const results = { y: tensor(new Float32Array(1)) };
  await expect(runInPlace(session, { x: tensor(new Float32Array(2)) }, results)).rejects.toThrow(
    "dimensions",
  );
  await expect(runInPlace(session, {}, results)).rejects.toThrow("x");
  await session.release();
});
