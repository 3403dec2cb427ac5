import { toBinary } from "@bufbuild/protobuf";
import { applyNetwork } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import * as onnx from "onnx-buf";
import { expect } from "vitest";
import { type ConvertedNetwork, standaloneOnnx } from "../../src/browser.js";
import { type ConvertOptions, convertOnnx, loadRuntime, openOriginal, readOnnx } from "../../src/index.js";
import { irregular } from "./files.js";

/** Converts a file and expects the network to compute what ONNX Runtime does, to 1e-5 of the largest entry. */
export async function expectSameFunction(
  message: onnx.ModelProto,
  { batch: examples, ...options }: ConvertOptions & { batch?: number } = {},
): Promise<ConvertedNetwork> {
  const bytes = toBinary(onnx.ModelProtoSchema, message);
  const converted = convertOnnx(readOnnx(bytes), options);
  const { network, input } = converted;
  const batch = examples ?? input.shape[0]!;
  const size = network.inShape.reduce((a, b) => a * b, 1);
  const x = Float32Array.from(irregular(batch * size), (v) => 3 * v);
  const original = await openOriginal(await loadRuntime(), standaloneOnnx(bytes, converted));
  const wanted = await original.run(x);
  await original.dispose();
  const got = await applyNetwork(network, np.array(x).reshape([batch, ...network.inShape])).data();
  const largest = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
  expect(got.length).toBe(wanted.length);
  const off = wanted.reduce((most, v, i) => Math.max(most, Math.abs(v - (got[i] as number))), 0);
  expect(off / largest).toBeLessThan(1e-5);
  return converted;
}
