import { create, toBinary } from "@bufbuild/protobuf";
import { evaluate, type Shape } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import * as onnx from "onnx-buf";
import { expect } from "vitest";
import {
  type ConvertedNetwork,
  type ConvertOptions,
  convertOnnx,
  loadRuntime,
  readOnnx,
} from "../../src/index.js";
import { irregular } from "./files.js";

/** What ONNX Runtime computes for a file, of any value of its graph. */
async function inRuntime(
  message: onnx.ModelProto,
  [input, output]: readonly [string, string],
  x: Float32Array,
  shape: readonly number[],
): Promise<Float32Array> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const graph = message.graph as onnx.GraphProto;
  graph.output = [create(onnx.ValueInfoProtoSchema, { name: output })];
  const session = await InferenceSession.create(toBinary(onnx.ModelProtoSchema, message), {
    logSeverityLevel: 4,
  });
  const results = await session.run({ [input]: new Tensor("float32", x, [...shape]) });
  await session.release();
  return results[output]?.data as Float32Array;
}

/** Converts a file and expects the network to compute what ONNX Runtime does, to 1e-5 of the largest entry. */
export async function expectSameFunction(
  message: onnx.ModelProto,
  options: ConvertOptions & { batch?: number } = {},
): Promise<ConvertedNetwork> {
  const converted = convertOnnx(readOnnx(toBinary(onnx.ModelProtoSchema, message)), options);
  const { network, input, output } = converted;
  const [, ...item] = input.shape;
  const batch = options.batch ?? input.batch;
  const shape = [batch, ...item];
  const x = Float32Array.from(irregular(shape.reduce((a, b) => a * b, 1)), (v) => 3 * v);
  const wanted = await inRuntime(message, [input.name, output], x, shape);
  const own: Shape = network.inShape;
  const y = evaluate(network, np.array(x).reshape([batch, ...own]));
  const got = await y.data();
  const largest = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  expect(got.length).toBe(wanted.length);
  const off = wanted.reduce((most, v, i) => Math.max(most, Math.abs(v - (got[i] as number))), 0);
  expect(off / largest).toBeLessThan(1e-5);
  return converted;
}
